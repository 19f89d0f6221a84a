from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gnomon.datasets import DATASETS, Sample, open_dataset
from gnomon.datasets.sample import Samples, box_around, longer_side
from gnomon.errors import DatasetError, SettingError


def test_a_plain_folder_is_a_folder_of_classes(
    tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "a/1.png")
    for name in (tmp_path, str(tmp_path), f"folder:{tmp_path}"):
        assert [sample.label for sample in open_dataset(name)] == ["a"]


def test_a_folder_with_a_colon_in_its_name_is_a_folder(
    tmp_path: Path, write_image: Callable[..., None]
) -> None:
    write_image(tmp_path / "cub:birds/a/1.png")
    assert len(open_dataset(tmp_path / "cub:birds")) == 1


def test_a_reader_from_outside_plugs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_birds.py").write_text(
        "from gnomon.datasets.folder import read_folder\nread = read_folder\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(DatasetError, match="a folder data set is"):
        open_dataset(f"my_birds:read:{tmp_path / 'no'}")


@pytest.mark.parametrize("kind", DATASETS)
def test_every_kind_says_what_it_misses(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=rf"a {kind} data set is a folder"):
        open_dataset(f"{kind}:{tmp_path}")
    with pytest.raises(DatasetError, match="found nothing at"):
        open_dataset(f"{kind}:{tmp_path / 'missing'}")


def test_unknown_kinds_and_no_folder_get_a_sentence() -> None:
    with pytest.raises(SettingError, match="unknown data set 'cubb'; did you mean 'cub'"):
        open_dataset("cubb:birds")
    with pytest.raises(DatasetError, match="names no folder"):
        open_dataset("cub:")
    with pytest.raises(DatasetError, match="found nothing at no-such-folder"):
        open_dataset("no-such-folder")


def test_samples_are_a_sequence() -> None:
    samples = Samples(3, lambda index: Sample(Path(f"{index}.png")))
    assert [sample.image.stem for sample in samples] == ["0", "1", "2"]
    assert samples[-1].image.stem == "2"
    with pytest.raises(IndexError):
        samples[3]


def test_boxes_are_checked_and_measured() -> None:
    with pytest.raises(ValueError, match=r"boxes are \(N,4\)"):
        Sample(Path("a.png"), boxes=np.zeros(4))
    boxes = box_around(np.array([[3.0, 9.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(boxes, [[1, 2, 2, 7]])
    assert longer_side(boxes) == 7
    assert longer_side(Sample(Path("a.png")).boxes) == 1
