"""Small photographs whose color is their class, so that a network learns them in seconds."""

from pathlib import Path
from typing import Any

import pytest
from painted import COLORS, paint

from gnomon.datasets import DATASETS
from gnomon.datasets.sample import Samples


@pytest.fixture
def colors(tmp_path: Path) -> Path:
    """Give a folder data set: 3 classes of 8 images to train on and 4 to test."""
    folder = tmp_path / "colors"
    for split, count in (("train", 8), ("test", 4)):
        for color in COLORS:
            for number in range(count):
                paint(folder / split / color / f"{number}.png", color, number + 100 * len(split))
    return folder


class GuardedSample:
    """A sample that lets nobody see more than image, label, viewpoint and split."""

    def __init__(self, image: Path) -> None:
        self.image, self.label, self.split = image, image.parent.name, image.parts[-3]
        self.viewpoint = None if image.stem == "0" else self.label

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"training asked for a sample's {name}")


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the kind "guarded": a folder whose samples refuse every annotation but labels."""

    def read(folder: Path) -> Any:
        samples = [GuardedSample(path) for path in sorted(folder.glob("*/*/*.png"))]
        return Samples(len(samples), samples.__getitem__)  # type: ignore[arg-type]  # stands in for a Sample

    monkeypatch.setitem(DATASETS, "guarded", read)
