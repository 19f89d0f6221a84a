import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gnomon.datasets import Sample, open_dataset
from gnomon.errors import DatasetError, RunError, SettingError
from gnomon.landmarks import salient
from gnomon.runs import Run
from gnomon.types import Landmarks

Make = Callable[..., Landmarks]
MakeRun = Callable[[dict[str, list[tuple[float, float]]]], Run]


def test_each_class_has_its_own_and_all_have_one(make_run: MakeRun, make_landmarks: Make) -> None:
    marks = make_landmarks([(0, 0), (50, 0), (0, 50)])
    dataset = [
        Sample(Path(f"/d/{name}.png"), label=label, landmarks=marks)
        for name, label in (("a", "owl"), ("b", "owl"), ("c", "gull"), ("unused", "emu"))
    ]
    run = make_run(
        {
            "/d/c.png": [(50, 0), (51, 0), (52, 0), (0, 50)],
            "/d/b.png": [(0, 1), (0, 50)],
            "/d/a.png": [(0, 2), (30, 30)],
        }
    )
    found = salient(run, dataset)
    told = {one.label: ([mark.id for mark in one.salient], one.n_images) for one in found.classes}
    assert told == {"gull": ([2], 1), "owl": ([1], 2)}
    assert list(told) == ["gull", "owl"]
    assert [mark.id for mark in found.overall.salient] == [2]
    assert (found.overall.n_keypoints, found.overall.n_assigned) == (8, 7)
    assert (found.unknown, found.bare) == ((), ())
    owl = next(one for one in found.classes if one.label == "owl")
    assert found.example(owl).image == Path("/d/b.png")
    assert found.example(found.overall).image == Path("/d/c.png")


def test_what_is_not_there_is_named_and_no_error(make_run: MakeRun, make_landmarks: Make) -> None:
    hidden = make_landmarks([(0, 0)], visible=[False])
    dataset = [
        Sample(Path("/d/a.png"), label="owl", landmarks=make_landmarks([(0, 0)])),
        Sample(Path("/d/none.png"), label="owl"),
        Sample(Path("/d/hidden.png"), label="owl", landmarks=hidden),
        Sample(Path("/d/empty.png"), label="owl", landmarks=make_landmarks([])),
    ]
    names = ["/d/none.png", "/d/hidden.png", "/d/else.png", "/d/empty.png", "/d/a.png"]
    found = salient(make_run({name: [(0, 0)] for name in names}), dataset)
    assert found.unknown == ("/d/else.png",)
    assert found.bare == ("/d/none.png", "/d/hidden.png", "/d/empty.png")
    assert found.overall.n_images == 1


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (["/e/a.png"], "none of the 1 images of run, such as '/e/a.png', is among .* 1"),
        (["/d/none.png"], "has landmarks"),
        ([], "has no images"),
    ],
)
def test_nothing_to_count_is_a_sentence(paths: list[str], says: str, make_run: MakeRun) -> None:
    with pytest.raises((DatasetError, RunError), match=says):
        salient(make_run({path: [(0, 0)] for path in paths}), [Sample(Path("/d/none.png"))])


def test_a_tolerance_that_is_none_is_refused(make_run: MakeRun, make_landmarks: Make) -> None:
    dataset = [Sample(Path("/d/a.png"), landmarks=make_landmarks([(0, 0)]))]
    with pytest.raises(SettingError, match="alpha is 0"):
        salient(make_run({"/d/a.png": []}), dataset, alpha=0)


def test_one_file_by_two_paths_is_one_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun, make_landmarks: Make
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    dataset = [Sample(tmp_path / "link" / "a.png", landmarks=make_landmarks([(0, 0)]))]
    assert salient(make_run({"real/../real/a.png": []}), dataset).unknown == ()


@pytest.mark.parametrize(
    ("labels", "viewpoints", "classes"),
    [
        (("owl", None), ("front", "rear"), ["owl", "unlabeled"]),
        ((None, None), ("front", None), ["front", "unlabeled"]),
        ((None, None), (None, None), ["all"]),
    ],
)
def test_classes_are_labels_else_viewpoints_else_one(
    labels: tuple[str | None, ...],
    viewpoints: tuple[str | None, ...],
    classes: list[str],
    make_run: MakeRun,
    make_landmarks: Make,
) -> None:
    marks = make_landmarks([(0, 0)])
    dataset = [
        Sample(Path(f"/d/{n}.png"), label=labels[n], viewpoint=viewpoints[n], landmarks=marks)
        for n in range(2)
    ]
    found = salient(make_run({f"/d/{n}.png": [] for n in range(2)}), dataset)
    assert [one.label for one in found.classes] == classes


def test_order_changes_nothing_and_classes_add_up(make_run: MakeRun, make_landmarks: Make) -> None:
    random = np.random.default_rng(0)
    dataset = [
        Sample(
            Path(f"/d/{n}.png"),
            label="abc"[n % 3],
            landmarks=make_landmarks(random.uniform(0, 100, (6, 2)).tolist()),
        )
        for n in range(12)
    ]
    points = {f"/d/{n}.png": random.uniform(0, 100, (n, 2)).tolist() for n in range(12)}
    found = salient(make_run(points), dataset)
    turned = salient(make_run(dict(reversed(points.items()))), dataset[::-1])
    assert (turned.classes, turned.overall) == (found.classes, found.overall)
    for one in found.overall.bins:
        mine = [b for c in found.classes for b in c.bins if b.landmark == one.landmark]
        assert one.hits == sum(b.hits for b in mine)
        assert one.images == sum(b.images for b in mine)
    assert found.overall.n_assigned == sum(one.hits for one in found.overall.bins) > 0


def test_the_papers_landmark_of_the_real_car_has_the_papers_name(
    shared: Path, make_run: MakeRun
) -> None:
    """The one photograph at hand: a keypoint where the paper's table has one is named as there."""
    folder = shared / "fg3dcar"
    dataset = open_dataset(f"fg3dcar:{folder}")
    with (folder / "salient_table.csv").open(newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["car_model"] == dataset[0].label]
    marks = dataset[0].landmarks
    assert marks is not None
    (place,) = marks.xy[marks.ids == int(row["landmark"])].tolist()
    found = salient(make_run({str(dataset[0].image): [tuple(place)]}), dataset)
    assert [str(one) for one in found.classes[0].salient] == [f"{row['landmark']}, {row['part']}"]


@pytest.mark.parametrize("name", ["cub:cub10", "car_parts:car_parts"])
def test_real_landmarks_found_once_each_all_tie(name: str, shared: Path, make_run: MakeRun) -> None:
    kind, folder = name.split(":")
    sample = open_dataset(f"{kind}:{shared / folder}")[0]
    marks = sample.landmarks
    assert marks is not None
    points = [tuple(place) for place in marks.xy[marks.visible].tolist()]
    found = salient(make_run({str(sample.image): points}), [sample], alpha=1e-6)
    seen = marks.ids[marks.visible].tolist()
    assert {one.landmark.id: one.hits for one in found.overall.bins} == {
        n: seen.count(n) for n in seen
    }
    assert found.overall.n_assigned == len(points)
