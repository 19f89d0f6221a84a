"""One shard after the other, in this process."""

from collections.abc import Generator, Iterable

from gnomon.errors import SettingError
from gnomon.interrupt import Interrupts
from gnomon.runs.writer import Shard
from gnomon.scale.job import Done, Finder, Job, Watch
from gnomon.scale.worker import Worker


class SerialExecutor:
    """The reference that the others must equal; an image that kills it ends the run."""

    def __init__(self, workers: int = 0) -> None:
        if workers not in (0, 1):
            raise SettingError(
                f"workers is {workers}, but the serial executor has one; give --executor local"
            )

    def run(
        self, job: Job, finder: Finder, shards: Iterable[Shard], watch: Watch
    ) -> Generator[Done]:
        """Do the shards."""
        worker = Worker(job, finder)
        with Interrupts() as interrupts:
            for shard in shards:
                done = worker.run(shard, watch, interrupts)
                if done is not None:
                    yield done
                if done is None or done.interrupted:
                    raise KeyboardInterrupt
