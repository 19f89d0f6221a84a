"""A run to leaf through: its images found by word, class and what was judged, and its review."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Literal

import pyarrow as pa

from gnomon.images import Picture
from gnomon.report.entries import point_rows
from gnomon.report.evidence import Maps, picture_of
from gnomon.report.pictures import photograph
from gnomon.runs import Event, ReviewFile, Run
from gnomon.runs.by_image import points_by_image
from gnomon.runs.photographs import Absence, Photographs
from gnomon.types import Heatmap, HeatmapKind

State = Literal["all", "untouched", "begun", "done"]
MAX_BYTES = 128 * 2**20
"""Bytes of the pictures' files that are kept."""
SIDE, THUMBNAIL = 1600, 96


class Album:
    """The images of a run in order, their points as the review leaves them, and their pictures."""

    def __init__(self, run: Run, photographs: Photographs | None = None) -> None:
        self.run = run
        self.photographs = photographs or Photographs()
        self.rows: dict[str, dict[str, Any]] = {
            row["image_id"]: row for row in run.images.to_pylist()
        }
        self.labels = sorted({row["label"] for row in self.rows.values()})
        self.part_names = run.part_names
        self.review = ReviewFile(run.folder)
        self._points = points_by_image(run.keypoints)
        self._files: OrderedDict[tuple[str, int], bytes | None] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def picture(self, image_id: str) -> Picture:
        """Decode an image of the run by its id; ``ImageError`` where it is not here."""
        row = self.rows[image_id]
        return self.photographs.picture(row["path"], row["content_hash"])

    def absence(self, image_id: str) -> str:
        """Explain why an image's photograph is not here, and what to do; empty where it is."""
        if self.file(image_id, SIDE) is not None:
            return ""
        path = self.rows[image_id]["path"]
        what, then = self.photographs.absent.get(path, Absence.GONE).value
        return f"the photograph is {what}; {then}"

    def search(self, words: str = "", label: str = "", state: State = "all") -> list[str]:
        """Find images by what is in their path or class, by class, and by how far judging is."""
        wanted = words.strip().lower()
        return [
            image_id
            for image_id, row in self.rows.items()
            if (not label or row["label"] == label)
            and (not wanted or wanted in f"{row['path']} {row['label']}".lower())
            and (state == "all" or self.state(image_id) == state)
        ]

    def points(self, image_id: str) -> pa.Table:
        """Return an image's points as the review leaves them."""
        return self.review.apply(image_id, self._points[image_id])

    def judged(self, image_id: str) -> tuple[int, int]:
        """Count an image's judged points, and all of them."""
        if image_id not in self.review.images:
            return 0, self.rows[image_id]["n_keypoints"]
        verdicts = self.points(image_id)["verdict"].to_pylist()
        return sum(verdict != "unseen" for verdict in verdicts), len(verdicts)

    def state(self, image_id: str) -> State:
        """Return whether an image is untouched, begun or done."""
        if image_id not in self.review.images:
            return "untouched"
        judged, of = self.judged(image_id)
        return "done" if judged == of else "begun"

    def names(self) -> list[str]:
        """List the names that points were given, and those of the parts."""
        given = {event.name for event in self.review.events if event.name}
        return sorted(given | set(self.part_names))

    def add(self, image_id: str, x: float, y: float) -> int:
        """Write that a point was added, and give its rank, the one after the last."""
        added = self.review.write(
            lambda: Event(
                kind="added", image_id=image_id, points=(self._next_rank(image_id),), x=x, y=y
            )
        )
        assert added is not None
        return added.points[0]

    def _next_rank(self, image_id: str) -> int:
        return max(self.points(image_id)["rank"].to_pylist(), default=0) + 1

    def rows_for_stage(self, image_id: str) -> list[list[Any]]:
        """Make the stage's rows: the report's, then verdict, name and origin."""
        points = self.points(image_id)
        said = (points[name].to_pylist() for name in ("verdict", "name", "origin"))
        return [
            [*row, *more]
            for row, more in zip(point_rows(points), zip(*said, strict=True), strict=True)
        ]

    def maps(self, image_id: str) -> Maps | None:
        """Read an image's maps, if the run kept them."""
        return Maps.kept(self.run, self.rows[image_id])

    def shown(self, image_id: str, maps: Maps, kind: HeatmapKind) -> Heatmap:
        """Return one of an image's maps, as the report shows it."""
        patch = self.run.info.settings.patch
        return Heatmap(maps.shown(kind, self._points[image_id], patch), kind)

    def file(self, image_id: str, side: int) -> bytes | None:
        """Return an image of the run as WebP, at most ``side`` pixels long."""
        if image_id not in self.rows:
            return None

        def make() -> bytes | None:
            rgb = picture_of(self.rows[image_id], self.photographs)
            return None if rgb is None else photograph(rgb, side)

        return self._kept((image_id, side), make)

    def _kept(self, key: tuple[str, int], make: Callable[[], bytes | None]) -> bytes | None:
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return self._files[key]
        made = make()
        with self._lock:
            if key not in self._files:
                self._files[key] = made
                self._size += len(made or b"")
            while self._size > MAX_BYTES:
                _, gone = self._files.popitem(last=False)
                self._size -= len(gone or b"")
        return made
