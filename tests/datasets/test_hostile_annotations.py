"""Annotation files that somebody prepared: a data set or one sentence, and nothing else happens."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hostile import HOSTILE_VALUES, as_json, limited, mutations, settled, watched
from scipy.io import savemat
from small_sets import WRITERS, black, write_small

from gnomon.datasets import DATASETS, open_dataset

pytestmark = pytest.mark.filterwarnings("ignore::gnomon.errors.LeftOutWarning")

JSON_FILES = {
    "coco": "annotations.json",
    "car_parts": "annotations.json",
    "stanfordextra": "StanfordExtra_v12.json",
    "corrected": "landmarks.json",
}
TEXT_FILES = {
    "cub": (
        "images.txt",
        "classes.txt",
        "image_class_labels.txt",
        "train_test_split.txt",
        "bounding_boxes.txt",
        "parts/parts.txt",
        "parts/part_locs.txt",
    ),
    "fg3dcar": ("landmarks.csv",),
    "synthetic": ("truth.csv",),
}


def read(kind: str, folder: Path) -> None:
    """Read every sample; all its images lie in the folder."""
    home = os.path.realpath(folder)
    for sample in open_dataset(f"{kind}:{folder}"):
        assert os.path.realpath(sample.image).startswith(home + os.sep), sample.image
        if sample.landmarks is not None:
            assert np.isfinite(sample.landmarks.xy).all()
            assert np.isfinite(sample.landmarks.scale)


def outcomes(kind: str, folder: Path, contents: Iterator[tuple[str, bytes]], name: str) -> int:
    """Read the data set with each content of a file; count those that are a sentence."""
    refused = 0
    with watched([folder]), limited(seconds=60, megabytes=200):
        for what, content in contents:
            (folder / name).write_bytes(content)
            try:
                refused += settled(lambda: read(kind, folder)) is not None
            except BaseException as error:
                error.add_note(f"{kind}, {name}: {what}")
                raise
    return refused


def test_each_kind_is_here() -> None:
    assert set(WRITERS) == set(DATASETS)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_sound_ones_are_read(kind: str, tmp_path: Path) -> None:
    folder = write_small(kind, tmp_path / "set")
    assert len(open_dataset(f"{kind}:{folder}")) == 1
    read(kind, folder)


@pytest.mark.parametrize("kind", JSON_FILES)
def test_each_field_of_a_json_file(kind: str, tmp_path: Path) -> None:
    folder = write_small(kind, tmp_path / "set")
    value = json.loads((folder / JSON_FILES[kind]).read_bytes())
    changed = list(mutations(value))
    contents = ((what, as_json(one)) for what, one in changed)
    assert outcomes(kind, folder, contents, JSON_FILES[kind]) > len(changed) // 2


def cells(text: str, separator: str) -> Iterator[tuple[str, bytes]]:
    """Put each hostile value into each cell of the last line, and leave each out."""
    *before, last = text.splitlines()
    row = last.split(separator)
    for at in range(len(row)):
        for what, value in HOSTILE_VALUES.items():
            hostile = value if isinstance(value, str) else as_json(value).decode()
            line = separator.join([*row[:at], hostile, *row[at + 1 :]])
            content = "\n".join([*before, line, ""])
            yield f"cell {at}: {what}", content.encode("utf-8", "surrogatepass")
        yield f"cell {at}: missing", separator.join(row[:at] + row[at + 1 :]).encode()


@pytest.mark.parametrize(
    ("kind", "name"), [(k, name) for k in TEXT_FILES for name in TEXT_FILES[k]]
)
def test_each_cell_of_a_table(kind: str, name: str, tmp_path: Path) -> None:
    folder = write_small(kind, tmp_path / "set")
    contents = cells((folder / name).read_text(), "," if name.endswith("csv") else " ")
    assert outcomes(kind, folder, contents, name) > 0


FILES = [
    *JSON_FILES.items(),
    *((kind, name) for kind, names in TEXT_FILES.items() for name in names),
    ("fg3dcar", "cadmodels.mat"),
    ("pf_willow", "car(G)/a.mat"),
    ("stanfordextra", "train_stanford_StanfordExtra_v12.npy"),
]


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_what_stands_in_place_of_a_file(kind: str, name: str, tmp_path: Path) -> None:
    folder, file = write_small(kind, tmp_path / "set"), tmp_path / "set" / name
    sound = file.read_bytes()
    wrong = [b"", b"\0" * 9, b"\xff\xfe\xfa", sound[: len(sound) // 2], os.urandom(99), b"[" * 9]
    outcomes(kind, folder, ((f"{one[:9]!r}", one) for one in wrong), name)
    for stand_in in ("missing", "folder", "FIFO", "device", "loop", "FIFO behind a link"):
        file.unlink() if not file.is_dir() else file.rmdir()
        match stand_in:
            case "folder":
                file.mkdir()
            case "FIFO":
                os.mkfifo(file)
            case "device":
                file.symlink_to("/dev/zero")
            case "loop":
                file.symlink_to(file)
            case "FIFO behind a link":
                os.mkfifo(tmp_path / "fifo")
                file.symlink_to(tmp_path / "fifo")
        with watched([folder]), limited(seconds=5, megabytes=100):
            said = settled(lambda: read(kind, folder))
        assert said is not None or stand_in == "missing" or kind == "fg3dcar", stand_in
        if stand_in == "missing":
            file.write_bytes(sound)


IMAGES = {
    "cub": "images/001.Gull/a.jpg",
    "car_parts": "JPEGImages/a.jpg",
    "fg3dcar": "images/Ford_F_2009_03.png",
    "coco": "images/a.jpg",
    "pf_willow": "car(G)/a.png",
    "stanfordextra": "Images/n1-dog/a.jpg",
    "synthetic": "images/00000.png",
}


@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_that_leads_elsewhere(kind: str, tmp_path: Path) -> None:
    folder, image = write_small(kind, tmp_path / "set"), tmp_path / "set" / IMAGES[kind]
    black(tmp_path / "mine.png")
    image.unlink()
    image.symlink_to(tmp_path / "mine.png")
    said = settled(lambda: read(kind, folder))
    assert said is not None
    assert "by a link" in said
    image.unlink()
    os.mkfifo(image)
    assert "not there" in (settled(lambda: read(kind, folder)) or "")
    image.unlink()
    black(image)
    home = image.relative_to(folder).parts[0]
    if kind != "pf_willow":  # the user's own folder of images may lie elsewhere
        shutil.move(folder / home, tmp_path / "elsewhere")
        (folder / home).symlink_to(tmp_path / "elsewhere")
        assert len(open_dataset(f"{kind}:{folder}")) == 1


def test_a_corrected_image_is_the_one_that_was_corrected(tmp_path: Path) -> None:
    folder = write_small("corrected", tmp_path / "set")
    black(tmp_path / "set" / "b.png")
    (folder / "a.png").write_bytes((folder / "b.png").read_bytes())
    read("corrected", folder)
    synthetic = write_small("synthetic", tmp_path / "other")
    (folder / "a.png").write_bytes((synthetic / "images" / "00000.png").read_bytes())
    said = settled(lambda: read("corrected", folder))
    assert said is not None
    assert "is not the image that was corrected" in said


def test_arrays_that_claim_too_much(tmp_path: Path) -> None:
    folder = write_small("pf_willow", tmp_path / "set")
    file = folder / "car(G)" / "a.mat"
    savemat(file, {"pts_coord": np.zeros((2, 2**24))}, do_compression=True)
    assert file.stat().st_size < 2**18
    with limited(megabytes=300):  # its reader inflates a block at once
        assert "are read" in (settled(lambda: read("pf_willow", folder)) or "")
    for number in (np.nan, np.inf, 1e300):
        savemat(file, {"pts_coord": np.full((2, 10), number)})
        assert "finite" in (settled(lambda: read("pf_willow", folder)) or "")
    dogs = write_small("stanfordextra", tmp_path / "dogs")
    split = dogs / "train_stanford_StanfordExtra_v12.npy"
    for wrong in (
        np.array([{"a": 1}], dtype=object),
        np.zeros((2, 2), dtype=int),
        np.zeros(2),
        np.array(["a"]),
    ):
        np.save(split, wrong, allow_pickle=True)
        with watched([dogs]):
            assert "not a list of whole numbers" in (
                settled(lambda: read("stanfordextra", dogs)) or ""
            )
    np.save(split, np.array([0]))
    content = split.read_bytes()
    split.write_bytes(content.replace(b"(1,), ", b"(99999999999,), ")[: len(content)])
    with limited(megabytes=50):
        assert "not a list" in (settled(lambda: read("stanfordextra", dogs)) or "")
