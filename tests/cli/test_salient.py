"""`gnomon salient` as a user meets it."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from drawn import drawn_info
from scipy.io import savemat

from gnomon.detection import Detection
from gnomon.geometry import Affine
from gnomon.images import decode
from gnomon.runs import write_run
from gnomon.types import Floats, Heatmap, Image, Keypoints, Work


def content(path: Path) -> str:
    """Return a photograph's hash; of one that is not there, of no photograph."""
    return decode(path).content_hash if path.is_file() else "0" * 64


def write_points(folder: Path, points: dict[Path, Floats]) -> None:
    info = drawn_info((4, 6))
    flat = np.zeros((4, 6), dtype=np.float32)
    found = {
        str(path): Detection(
            image=Image(
                torch.zeros(3, 4, 6), str(path), content(path), (300, 200), Affine.identity()
            ),
            label="car",
            label_index=0,
            probability=0.5,
            keypoints=Keypoints.at(xy, np.zeros(len(xy)), "file"),
            n_candidates=len(xy),
            coarse=Heatmap(flat, "coarse"),
            fine=Heatmap(flat, "fine"),
            confidence=Heatmap(flat, "confidence"),
            work=Work("none", 0, 0.0),
            seconds=0.1,
        )
        for path, xy in points.items()
    }
    write_run(folder, info, found)


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    """Two car models, one image each, with 20 landmarks through a known camera; a run of them.

    Most keypoints of the one lie at vertex 5, of the other at vertices 6 and 134.
    """
    random = np.random.default_rng(0)
    folder = tmp_path / "cars"
    (folder / "images").mkdir(parents=True)
    vertices = random.uniform(-1, 1, (2, 256, 3))
    savemat(
        folder / "cadmodels.mat",
        {
            "cadmodels": vertices.transpose(0, 2, 1).reshape(6, 256),
            "edge": np.array([[1, 2], [5, 256]]),
        },
    )
    matrix = np.array([[400.0, 0, 60, 450], [0, 400, 40, 300], [0, 0, 0.4, 3]])
    seen = np.column_stack([vertices[1], np.ones(256)]) @ matrix.T
    pixels = seen[:, :2] / seen[:, 2:]
    ids = [*range(1, 11), *range(129, 139)]
    names = ["Ford_Ka_2001_01.png", "Audi_A8_2002_07.png"]
    with (folder / "landmarks.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "vertex_id_1based", "x_px", "y_px"])
        for name in names:
            PIL.Image.new("RGB", (300, 200), "gray").save(folder / "images" / name)
            table.writerows([name, id_, *pixels[id_ - 1]] for id_ in ids)
    images = folder / "images"
    at = {id_: pixels[id_ - 1] for id_ in ids}
    write_points(
        tmp_path / "run",
        {
            images / names[0]: np.array([at[5], at[5] + 0.1, at[9]]),
            images / names[1]: np.array([at[6], at[134]]),
            tmp_path / "else.png": np.array([at[9]]),
        },
    )
    return folder


def test_cars_end_to_end(
    tmp_path: Path,
    cars: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("salient", tmp_path / "run", "--dataset", f"fg3dcar:{cars}", "--alpha", "0.02")
    assert run(*words) == 0
    out = tmp_path / "run" / "salient"
    with (out / "salient.csv").open(newline="") as file:
        told = [(row["class"], row["landmark"], row["part"]) for row in csv.DictReader(file)]
    assert told == [
        ("Audi A8", "6", "Wheel"),
        ("Audi A8", "134", "Wheel"),
        ("Ford Ka", "5", "Wheel"),
        ("all classes", "5", "Wheel"),
    ]
    said = capsys.readouterr()
    assert "6, Wheel; 134, Wheel" in said.out
    assert "1 image of the run is not in the data set" in said.err
    assert "else.png" in said.err
    with PIL.Image.open(out / "objects" / "001_Audi_A8.png") as picture:
        assert picture.width > 1.9 * 6.0 * 110, "the mesh is beside the photograph"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "--dataset", "fg3dcar:absent"), "found nothing at absent"),
        (("absent", "--dataset", "fg3dcar:cars"), "holds no run"),
        (("run", "--dataset", "fg3dcat:cars"), "did you mean 'fg3dcar'"),
        (("run", "--dataset", "fg3dcar:cars", "--alpha", "-1"), "alpha is -1"),
        (("run", "--dataset", "plain"), "none of the 3 images of run, such as"),
        (("run",), "--dataset"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_a_sentence(
    words: tuple[str, ...],
    says: str,
    tmp_path: Path,
    cars: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "plain" / "class").mkdir(parents=True)
    PIL.Image.new("RGB", (9, 9)).save(tmp_path / "plain" / "class" / "a.png")
    assert cars.is_dir()
    monkeypatch.chdir(tmp_path)
    assert run("salient", *words) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert says in said
    assert "Traceback" not in said
    assert not (tmp_path / "run" / "salient").exists()
