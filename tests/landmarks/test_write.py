import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from gnomon.datasets import Sample
from gnomon.datasets.fg3dcar import CarMeshes
from gnomon.images import decode
from gnomon.landmarks import Salient, salient, write_salient
from gnomon.landmarks.bars import draw_histograms
from gnomon.landmarks.mesh import project_mesh
from gnomon.landmarks.objects import draw_object
from gnomon.landmarks.table import draw_table
from gnomon.runs import Run
from gnomon.runs.own_pictures import named_png
from gnomon.types import Floats, Landmarks

CAMERA = np.array([[30.0, 0, 0, 90], [0, 30, 0, 60], [0, 0, 0.3, 3]])
PLACES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1],
                   [1, 1, 1], [2, 1, 0.5]])  # fmt: skip


@pytest.fixture
def found(
    tmp_path: Path,
    make_run: Callable[..., Run],
    make_landmarks: Callable[..., Landmarks],
) -> Salient:
    """Two classes with names that no file can have, and an image that the data set lacks."""
    seen = np.column_stack([PLACES, np.ones(9)]) @ CAMERA.T
    xy = (seen[:, :2] / seen[:, 2:]).tolist()
    for name in ("a", "b"):
        PIL.Image.new("RGB", (90, 60), "gray").save(tmp_path / f"{name}.png")
    marks = make_landmarks(xy, names=["$x_{"] * 9)
    dataset = [
        Sample(tmp_path / "a.png", label="Make/Model $1 <b>", landmarks=marks),
        Sample(tmp_path / "b.png", label="Make Model $1 <b>", landmarks=marks),
    ]
    points = {
        str(tmp_path / "a.png"): [tuple(xy[1]), tuple(xy[7]), (3.0, 3.0)],
        str(tmp_path / "b.png"): [],
        "else.png": [(0.0, 0.0)],
    }
    return salient(make_run(points), dataset, alpha=0.01)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def stars(figure: Figure, panel: int) -> Floats:
    (star,) = [
        one
        for one in figure.axes[panel].collections
        if isinstance(one, PathCollection) and one.get_label() == "most frequent landmark"
    ]
    return np.asarray(star.get_offsets(), dtype=np.float64)


def test_everything_is_written(found: Salient, tmp_path: Path) -> None:
    drawn: list[None] = []
    out = write_salient(found, tmp_path, drawn=lambda: drawn.append(None))
    assert out == tmp_path / "salient"
    assert len(drawn) == 3
    assert rows(out / "salient.csv") == [
        ["class", "landmark", "part", "keypoints", "images", "visible", "images_of_class"],
        ["Make/Model $1 <b>", "2", "$x_{", "1", "1", "1", "1"],
        ["Make/Model $1 <b>", "8", "$x_{", "1", "1", "1", "1"],
        ["all classes", "2", "$x_{", "1", "1", "2", "2"],
        ["all classes", "8", "$x_{", "1", "1", "2", "2"],
    ]
    header, *histogram = rows(out / "histogram.csv")
    assert header == ["class", "landmark", "part", "keypoints", "images", "visible"]
    assert len(histogram) == 18
    assert sum(int(row[3]) for row in histogram) == 2
    assert rows(out / "left_out.csv") == [["path", "reason"], ["else.png", "not in the data set"]]
    for name in ("histogram", "table"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (out / f"{name}.svg").read_text(encoding="utf-8")
    names = sorted(path.name for path in (out / "objects").iterdir())
    assert names == ["000_all_classes.png", "001_Make_Model_1_b_.png", "002_Make_Model_1_b_.png"]


def test_pictures_of_classes_that_are_gone_go_and_no_others(found: Salient, tmp_path: Path) -> None:
    write_salient(found, tmp_path)
    objects = tmp_path / "salient" / "objects"
    old = named_png(PIL.Image.new("RGB", (2, 2)), "007_gone.png")
    (objects / "007_gone.png").write_bytes(old)
    mine = {"007_mine.png": b"mine", "008_copy.png": old, "mine.png": b""}
    for name, content in mine.items():
        (objects / name).write_bytes(content)
    write_salient(found, tmp_path)
    assert not (objects / "007_gone.png").exists()
    assert {name: (objects / name).read_bytes() for name in mine} == mine


def test_the_star_stands_on_the_landmark_and_on_the_mesh(found: Salient) -> None:
    vertices = np.concatenate([PLACES, PLACES[:1] + 5])[None]
    meshes = CarMeshes(vertices, np.array([[0, 1]]))
    histogram = found.classes[1]
    example = found.example(histogram)
    figure = draw_object(
        histogram,
        example,
        decode(example.image).rgb,
        project_mesh(meshes, example.landmarks),
    )
    salient_places = example.landmarks.xy[[1, 7]]
    np.testing.assert_allclose(stars(figure, 0), salient_places, atol=1e-9)
    np.testing.assert_allclose(stars(figure, 1), salient_places, atol=1e-6)


def test_a_class_without_any_hit_is_drawn_and_says_so(found: Salient) -> None:
    histogram = found.classes[0]
    assert histogram.label == "Make Model $1 <b>"
    example = found.example(histogram)
    figure = draw_object(histogram, example, decode(example.image).rgb, None)
    assert figure.get_suptitle() == "Make Model $1 <b>\nnone found"
    texts = [text.get_text() for text in draw_table(found).axes[0].texts]
    assert "none found" in texts
    assert "2, $x_{; 8, $x_{" in texts


def test_the_histogram_stars_the_most_frequent(found: Salient) -> None:
    figure = draw_histograms(found)
    whole, *classes = figure.axes
    assert len(classes) == 2
    for axes, histogram in zip(figure.axes, (found.overall, *found.classes), strict=True):
        (star,) = axes.collections
        places = np.asarray(star.get_offsets())[:, 0].astype(int)
        named = [found.overall.bins[at].landmark for at in places]
        assert tuple(named) == histogram.salient
        bars = [(round(bar.get_x() + 0.425), bar.get_height()) for bar in axes.patches]  # type: ignore[attr-defined]  # bars are rectangles
        for at, height in bars:
            landmark = found.overall.bins[at].landmark
            (told,) = [one for one in histogram.bins if one.landmark == landmark]
            assert told.hits == height
    assert [text.get_text() for text in whole.get_xticklabels()][:1] == ["1, $x_{"]


def test_names_are_drawn_as_they_are_written(
    tmp_path: Path, make_run: Callable[..., Run], make_landmarks: Callable[..., Landmarks]
) -> None:
    hostile = ["$\\bad{$", "a $x$", "\x00\x1b[31m", "a" * 9999, "\u202e", "=1", "", "{", "~_^"]
    at = [(10.0 * n + 5, 20.0) for n in range(9)]
    marks = make_landmarks(at, names=hostile)
    samples, points = [], {}
    for number, label in enumerate(hostile):
        PIL.Image.new("RGB", (90, 60), "gray").save(tmp_path / f"{number} $.png")
        samples.append(Sample(tmp_path / f"{number} $.png", label=label or "b", landmarks=marks))
        points[str(tmp_path / f"{number} $.png")] = at
    out = write_salient(salient(make_run(points), samples, alpha=0.01), tmp_path)
    assert len(list((out / "objects").iterdir())) == 1 + len(hostile)
    table = rows(out / "histogram.csv")
    assert {"'=1", "$\\bad{$"} <= {row[0] for row in table}
    for name in ("histogram", "table"):
        assert "\\bad{" in (out / f"{name}.svg").read_text()
