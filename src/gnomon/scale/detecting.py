"""A run from its listing to its end."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gnomon.errors import SettingError
from gnomon.runs.info import FILE_NAME, RunInfo
from gnomon.runs.listing import Inputs
from gnomon.runs.store import open_store
from gnomon.runs.writer import run_folder
from gnomon.scale.executors import Executor, GivenUp
from gnomon.scale.job import Finder, Job, Unseen, Watch


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's account, and the share of the workers' time in which their device waited.

    ``damaged`` says what of an earlier start was found damaged, and was done again.
    """

    info: RunInfo
    idle: float
    damaged: tuple[str, ...] = ()


def detect_run(
    job: Job,
    finder: Finder,
    info: RunInfo,
    inputs: Inputs,
    executor: Executor,
    *,
    resume: bool = False,
    watch: Watch | None = None,
) -> Outcome:
    """Detect in every input and write the run folder ``job.out``, or go on with it.

    ``finder`` is a detector as ``job.make`` gives it, ``info`` the account of its choices. The
    rows are the same whatever the executor, and however often the run was killed and resumed.
    ``RunError`` where the folder cannot be written or belongs to another run.
    """
    watch = watch or Unseen()
    busy = idle = 0.0
    with run_folder(job.out, info, inputs, resume=resume) as run:
        watch.begin(run.n_inputs, run.info.n_images)
        with closing(executor.run(job, finder, run.todo(), watch)) as results:
            for result in results:
                if isinstance(result, GivenUp):
                    rows = run.give_up(result.shard, result.reason)
                    for _, failure in rows.failures:
                        watch.failed(failure)
                    watch.image_done()
                else:
                    rows = result.rows
                    busy, idle = busy + result.busy, idle + result.idle
                run.record(rows)
    return Outcome(run.info, idle / max(busy + idle, 1e-9), run.damaged)


def threads_of(place: str | Path, given: int | None, default: int, *, resume: bool) -> int:
    """Choose the threads of a run: those ``given``, else those that it was begun with."""
    if given is not None and given < 1:
        raise SettingError(f"threads is {given}; it must be 1 or more")
    store = open_store(place)
    if given is None and resume and store.exists(FILE_NAME):
        return RunInfo.read(store).threads or default
    return given or default
