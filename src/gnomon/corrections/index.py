"""Which image of a tool's file is which of the run."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gnomon.corrections.corrected import CorrectedImage
from gnomon.errors import ExportError
from gnomon.export import Contents
from gnomon.path_text import last_step
from gnomon.runs.records import Photograph


@dataclass(frozen=True, slots=True)
class _InRun:
    """The ids of a run's images, and how many have each file name, exported and own."""

    ids: frozenset[str]
    exported: Counter[str]
    own: Counter[str]


class ImageIndex:
    """A tool's images, each taken once; what else the run has is read only where a name must tell.

    A file name alone tells an image only where one of the tool's has it and one of the run's.
    """

    def __init__(self, images: Sequence[CorrectedImage], contents: Contents, path: Path) -> None:
        keys = Counter(one.image_id or one.name for one in images)
        for one in images:
            if (count := keys[one.image_id or one.name]) > 1:
                raise ExportError(
                    f"{path} has {one.name!r} {count} times; leave one of them, for only one can be"
                    " right"
                )
        self._by_id = {one.image_id: one for one in images if one.image_id}
        self._by_name = {one.name.lstrip("/"): one for one in images}
        namesakes: defaultdict[str, list[CorrectedImage]] = defaultdict(list)
        for one in images:
            namesakes[Path(one.name).name].append(one)
        self._by_file = {name: ones[0] for name, ones in namesakes.items() if len(ones) == 1}
        self._taken: set[int] = set()
        self._images = images
        self._contents = contents

    def take(self, image: Photograph, name: str) -> CorrectedImage | None:
        """Find an image of the run, called ``name`` in the export."""
        found = self._by_id.get(image.image_id) or self._named(name, last_step(image.path))
        if found is None or id(found) in self._taken:
            return None
        self._taken.add(id(found))
        return found

    def _named(self, name: str, own: str) -> CorrectedImage | None:
        found = self._by_name.get(name)
        file = Path(name).name
        if found is None and file in self._by_file and self._run.exported[file] == 1:
            found = self._by_file[file]
        if found is None and own in self._by_file and self._run.own[own] == 1:
            found = self._by_file[own]
        if found is not None and found.image_id is not None and found.image_id in self._run.ids:
            return None
        return found

    @cached_property
    def _run(self) -> _InRun:
        images = [record.image for record in self._contents]
        return _InRun(
            ids=frozenset(one.image_id for one in images),
            exported=Counter(Path(self._contents.name(one)).name for one in images),
            own=Counter(last_step(one.path) for one in images),
        )

    @property
    def rest(self) -> list[CorrectedImage]:
        """List the images that were not taken."""
        return [one for one in self._images if id(one) not in self._taken]
