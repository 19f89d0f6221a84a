"""What a report says of a run, on tables that are summed up by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from drawn import drawn_info

from gnomon.geometry import Affine
from gnomon.report.part_examples import _patch, part_rows
from gnomon.report.pictures import placed
from gnomon.report.sections import ClassRow, class_rows, numbers
from gnomon.runs import Run
from gnomon.runs.photographs import Photographs
from gnomon.tables import IMAGES, KEYPOINTS


def image(key: str, label: str, probability: float, points: int, seconds: float) -> dict[str, Any]:
    return {
        "image_id": key,
        "path": f"/absent/{key}.png",
        "content_hash": "0" * 64,
        "width": 60,
        "height": 40,
        "label": label,
        "label_index": 0,
        "probability": probability,
        "n_candidates": points,
        "n_keypoints": points,
        "fine_method": "guided",
        "seconds": seconds,
    }


def point(key: str, rank: int, part: int, coarse: float, refined: bool) -> dict[str, Any]:
    nothing = dict.fromkeys(("cov_xx", "cov_xy", "cov_yy"), float("nan"))
    return {
        "image_id": key, "rank": rank, "x": 5.0, "y": 6.0, "score": -float(rank), "coarse": coarse,
        "fine": 0.1, "refined": refined, "part": part, "confidence": 0.5, "kind": "map",
        "proved": True, **nothing,
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Run:
    images = [
        image("a", "gull", 0.9, 4, 1.0),
        image("b", "gull", 0.5, 1, 2.0),
        image("c", "tern", 0.7, 9, 9.0),
        image("d", "gull", 0.1, 4, 1.5),
    ]
    points = [
        point("a", 1, 1, 0.5, True),
        point("a", 2, 1, float("nan"), False),
        point("b", 1, 1, 0.1, True),
        point("c", 1, 0, 0.4, True),
        point("c", 2, -1, 0.8, False),
    ]
    return Run(
        folder=tmp_path,
        info=drawn_info(),
        images=pa.Table.from_pylist(images, schema=IMAGES),
        keypoints=pa.Table.from_pylist(points, schema=KEYPOINTS),
        failures=(),
        part_names=("beak", "tail"),
    )


def test_a_run_is_summed_up_by_medians_and_means(run: Run) -> None:
    found = numbers(run)
    assert (found.images, found.keypoints, found.failures) == (4, 5, 0)
    assert found.points_an_image == 4.0
    assert found.refined == pytest.approx(3 / 5)
    assert found.probability == pytest.approx(2.2 / 4)
    assert found.seconds == pytest.approx(1.75)


def test_a_run_without_images_has_no_median(run: Run, tmp_path: Path) -> None:
    empty = Run(
        tmp_path, drawn_info(), run.images.slice(0, 0), run.keypoints.slice(0, 0), failures=()
    )
    found = numbers(empty)
    assert (found.points_an_image, found.refined, found.probability, found.seconds) == (None,) * 4


def test_a_class_has_the_means_of_its_images(run: Run) -> None:
    gull, tern = class_rows(run)
    assert (gull.label, gull.images) == ("gull", 3)
    assert (gull.probability, gull.keypoints) == pytest.approx((0.5, 3.0))
    assert tern == ClassRow("tern", 1, 0.7, 9)


def test_a_part_costs_the_mean_of_its_points_unknown_ones_nothing(run: Run) -> None:
    tail, beak = part_rows(run, Photographs())
    assert (tail.name, tail.keypoints, tail.images) == ("tail", 3, 2)
    assert tail.cost == pytest.approx(0.2)
    assert (beak.name, beak.keypoints, beak.images, beak.cost) == ("beak", 1, 1, 0.4)


def test_a_map_lies_from_edge_to_edge_of_its_pixels() -> None:
    values = np.arange(24.0).reshape(4, 6)
    assert placed(values, Affine.identity()).box == (-0.5, -0.5, 6.0, 4.0)
    assert placed(values, Affine.resize((6, 4), (60, 80))).box == (-0.5, -0.5, 60.0, 80.0)
    moved = Affine(np.array([[10.0, 0, 3], [0, 20, 7]]))
    assert placed(values, moved).box == (-2.0, -3.0, 60.0, 80.0)


def test_a_parts_example_is_cut_out_around_its_point() -> None:
    y, x = np.mgrid[:105, :150].astype(np.uint8)
    rgb = np.stack([x, y, x], axis=2)
    patch = _patch(rgb, 70.4, 29.6)
    assert patch.shape == (21, 21, 3)
    assert patch[10, 10, :2].tolist() == [70, 30]
    corner = _patch(rgb, 0.0, 104.0)
    assert corner[10, 10, :2].tolist() == [0, 104]
    assert corner[0, 0, :2].tolist() == [0, 94], "the picture's edge goes on"
