from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gnomon.datasets.cub import read_cub
from gnomon.errors import DatasetError

TABLES = {
    "images.txt": "1 001.Gull/a.jpg\n5 002.Tern/b with blank.jpg\n",
    "classes.txt": "1 001.Gull\n2 002.Tern\n",
    "image_class_labels.txt": "1 1\n5 2\n",
    "train_test_split.txt": "1 1\n5 0\n",
    "bounding_boxes.txt": "1 2.0 3.0 20.0 10.0\n5 0.0 0.0 12.0 24.0\n",
    "parts/parts.txt": "1 back\n7 left eye\n",
    "parts/part_locs.txt": "1 1 0.0 0.0 0\n1 7 12.0 4.5 1\n5 1 3.0 4.0 1\n5 7 6.0 7.0 1\n",
}


@pytest.fixture
def birds(tmp_path: Path, write_image: Callable[..., None]) -> Path:
    for name, text in TABLES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    write_image(tmp_path / "images/001.Gull/a.jpg")
    write_image(tmp_path / "images/002.Tern/b with blank.jpg")
    return tmp_path


def test_tables_become_samples(birds: Path) -> None:
    gull, tern = read_cub(birds)
    assert (gull.image, gull.label, gull.split) == (
        birds / "images/001.Gull/a.jpg",
        "001.Gull",
        "train",
    )
    assert gull.landmarks is not None
    assert gull.landmarks.names == ("left eye",)
    np.testing.assert_array_equal(gull.landmarks.ids, [7])
    np.testing.assert_array_equal(gull.landmarks.xy, [[12, 4.5]])
    np.testing.assert_array_equal(gull.boxes, [[2, 3, 20, 10]])
    assert gull.landmarks.scale == 20
    assert (tern.label, tern.split) == ("002.Tern", "test")
    assert tern.landmarks is not None
    assert len(tern.landmarks.xy) == 2
    assert tern.landmarks.visible.all()
    assert tern.landmarks.scale == 24


@pytest.mark.parametrize("missing", TABLES)
def test_a_missing_table_is_named(birds: Path, missing: str) -> None:
    (birds / missing).unlink()
    with pytest.raises(DatasetError, match=f"has no {missing}; it holds"):
        read_cub(birds)


def test_a_missing_image_is_named(birds: Path) -> None:
    (birds / "images/001.Gull/a.jpg").unlink()
    with pytest.raises(DatasetError, match=r"names 2 images, and 1 of them .*001\.Gull/a\.jpg"):
        read_cub(birds)


@pytest.mark.parametrize(
    ("table", "text", "complaint"),
    [
        ("parts/part_locs.txt", "1 7 12.0 4.5\n", "line 1: expected 'image part x y visible'"),
        ("bounding_boxes.txt", "1 2.0 wide 20.0 10.0\n", "expected a number, found 'wide'"),
        ("classes.txt", "1 001.Gull\n", "the tables say nothing of '2'"),
    ],
)
def test_a_bad_table_gets_a_sentence(birds: Path, table: str, text: str, complaint: str) -> None:
    (birds / table).write_text(text)
    with pytest.raises(DatasetError, match=complaint):
        read_cub(birds)


def test_the_real_birds(shared: Path) -> None:
    birds = read_cub(shared / "cub10")
    samples = list(birds)
    assert len(birds) == 423
    assert sum(sample.split == "train" for sample in samples) == 300
    assert sum(sample.split == "test" for sample in samples) == 123
    assert len({sample.label for sample in samples}) == 10
    parts = {name for s in samples if s.landmarks is not None for name in s.landmarks.names}
    assert len(parts) == 15
    first = birds[0].landmarks
    assert first is not None
    np.testing.assert_array_equal(first.xy[first.names.index("beak")], [312, 182])
    assert first.scale == 325
