import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import drawn_info

from gnomon.datasets import Sample
from gnomon.errors import RunError
from gnomon.images import decode
from gnomon.runs import Run, annotated
from gnomon.tables import IMAGES, KEYPOINTS

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = ("cat.jpg", "coffee.jpg", "macaw.jpg")


def run_over(paths: list[Path]) -> Run:
    info = drawn_info()
    rows = [
        {
            "image_id": str(number),
            "path": str(path),
            "content_hash": decode(path).content_hash,
            "width": 1,
            "height": 1,
            "label": "a",
            "label_index": 0,
            "probability": 1.0,
            "n_candidates": 0,
            "n_keypoints": 0,
            "fine_method": "guided",
            "seconds": 0.0,
        }
        for number, path in enumerate(paths)
    ]
    images = IMAGES.empty_table().from_pylist(rows, schema=IMAGES)
    return Run(Path("runs/first"), info, images, KEYPOINTS.empty_table(), ())


@pytest.fixture
def dataset(tmp_path: Path) -> list[Sample]:
    for name in NAMES:
        shutil.copy(SAMPLES / name, tmp_path / name)
    samples = [Sample(tmp_path / name, split="train") for name in NAMES]
    return [replace(samples[0], split="test"), *samples[1:]]


def test_images_are_found_in_the_runs_order_also_by_another_path(
    dataset: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = annotated(run_over([Path("macaw.jpg"), tmp_path / "." / "cat.jpg"]), dataset)
    assert found.samples == (dataset[2], dataset[0])
    assert found.absent == ()


def test_a_moved_image_is_known_by_name_and_pixels(dataset: list[Sample], tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    impostor = tmp_path / "moved" / "cat.jpg"
    shutil.copy(SAMPLES / "coffee.jpg", impostor)
    run = run_over([SAMPLES / "macaw.jpg", impostor])
    found = annotated(run, dataset)
    assert found.samples == (dataset[2],)
    assert found.absent == (str(impostor),)


def test_a_split_can_be_chosen(dataset: list[Sample]) -> None:
    run = run_over([one.image for one in dataset])
    found = annotated(run, dataset, "test")
    assert found.samples == (dataset[0],)
    assert found.other_split == 2
    with pytest.raises(RunError, match=r"is in its split 'test'; theirs: train"):
        annotated(run_over([one.image for one in dataset[1:]]), dataset, "test")


def test_nothing_in_common_is_a_sentence(dataset: list[Sample]) -> None:
    with pytest.raises(RunError, match=r"none of the 1 images of runs/first, such as .*cat\.jpg"):
        annotated(run_over([SAMPLES / "cat.jpg"]), dataset[1:])
    with pytest.raises(RunError, match="has no images"):
        annotated(run_over([]), dataset)
    bare = [replace(one, split=None) for one in dataset]
    with pytest.raises(RunError, match="theirs: no split"):
        annotated(run_over([one.image for one in dataset]), bare, "train")


def test_a_file_that_was_changed_since_is_another_image(dataset: list[Sample]) -> None:
    run = run_over([one.image for one in dataset])
    shutil.copy(SAMPLES / "bison.jpg", dataset[1].image)
    found = annotated(run, dataset)
    assert found.samples == (dataset[0], dataset[2])
    assert found.absent == (str(dataset[1].image),)
    dataset[2].image.unlink()  # whoever reads it will say so
    assert annotated(run, dataset).samples == (dataset[0], dataset[2])
