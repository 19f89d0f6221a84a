"""Write a run folder so that a kill at any moment loses at most the part being gathered."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gnomon.errors import RunError
from gnomon.runs.files import write_whole
from gnomon.runs.info import FILE_NAME, RunInfo, now
from gnomon.runs.reader import Failure, parts, read_table
from gnomon.runs.tables import IMAGES, image_id, image_row, keypoint_rows
from gnomon.types import Detection

IMAGES_A_PART = 64


class RunWriter:
    """Adds detections and failures to a run folder; a context that completes the run at its end.

    A part of the images table is written after its part of the keypoints table, so an image counts
    as done only when all of it is on disk.
    """

    def __init__(self, folder: Path, info: RunInfo, *, resume: bool, save_heatmaps: bool) -> None:
        """Make or reopen the folder; ``RunError`` where it holds something else."""
        self.folder = folder
        self.done: frozenset[str] = frozenset()
        self._images: list[dict[str, Any]] = []
        self._keypoints: list[pa.Table] = []
        self._failures: list[Failure] = []
        self._save_heatmaps = save_heatmaps
        try:
            self.info = self._reopen(info) if resume else self._make(info)
            for name in ("images", "keypoints", "figures", "heatmaps"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / "failures.jsonl").write_bytes(b"")
            self.info.write(folder)
        except OSError as error:
            raise RunError(f"{folder} cannot be written: {error}") from error

    def _make(self, info: RunInfo) -> RunInfo:
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise RunError(
                f"{self.folder} is there already and not empty. "
                "Give another --out, remove it, or go on with it by --resume."
            )
        return info

    def _reopen(self, info: RunInfo) -> RunInfo:
        if not (self.folder / FILE_NAME).exists():
            return self._make(info)
        before = RunInfo.read(self.folder)
        if differences := before.differences(info):
            raise RunError(
                f"{self.folder} was begun with other choices, so it cannot be resumed. "
                f"Then and now: {'; '.join(differences)}"
            )
        images = read_table(self.folder, "images", IMAGES)
        self.done = frozenset(images["image_id"].to_pylist())
        n_keypoints = int(np.sum(images["n_keypoints"].to_numpy()))
        return replace(info, start=before.start, n_images=len(self.done), n_keypoints=n_keypoints)

    def is_done(self, path: str) -> bool:
        """Tell whether an earlier, interrupted start of this run finished the image."""
        return image_id(path) in self.done

    def add(self, path: str, found: Detection, figure: bytes | None = None) -> None:
        """Add one image's detection, and the PNG of its figure if there is one."""
        self._images.append(image_row(path, found))
        self._keypoints.append(keypoint_rows(path, found))
        if figure is not None:
            write_whole(self.folder / "figures" / f"{image_id(path)}.png", figure)
        if self._save_heatmaps:
            _write_heatmaps(self.folder / "heatmaps" / f"{image_id(path)}.npz", found)
        self.info = replace(
            self.info,
            n_images=self.info.n_images + 1,
            n_keypoints=self.info.n_keypoints + len(found.keypoints),
        )
        if len(self._images) >= IMAGES_A_PART:
            self._write_part()

    def fail(self, path: str, error: Exception) -> Failure:
        """Add one input that could not be processed: one line, on disk at once."""
        failure = Failure(path, type(error).__name__, str(error))
        line = json.dumps(asdict(failure), ensure_ascii=True) + "\n"
        with (self.folder / "failures.jsonl").open("a", encoding="utf-8") as file:
            file.write(line)
        self.info = replace(self.info, n_failures=self.info.n_failures + 1)
        return failure

    def _write_part(self) -> None:
        if not self._images:
            return
        name = f"part-{len(parts(self.folder)):06d}.parquet"
        tables = {
            "keypoints": pa.concat_tables(self._keypoints),
            "images": pa.Table.from_pylist(self._images, schema=IMAGES),
        }
        for folder, table in tables.items():
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink)
            write_whole(self.folder / folder / name, sink.getvalue().to_pybytes())
        self._images.clear()
        self._keypoints.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._write_part()
            complete = kind is None
            self.info = replace(self.info, end=now() if complete else None)
            self.info.write(self.folder)
        except OSError as problem:
            raise RunError(f"{self.folder} cannot be written: {problem}") from problem


def _write_heatmaps(path: Path, found: Detection) -> None:
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            coarse=found.coarse.values,
            fine=found.fine.values,
            confidence=found.confidence.values,
        )
