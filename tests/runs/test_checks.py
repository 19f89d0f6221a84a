"""Each rule of a run's tables: the last value that is allowed, and the first that is not."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gnomon.errors import RunError
from gnomon.runs.checks import check_images, check_points
from gnomon.tables import IMAGES, KEYPOINTS

IMAGE: dict[str, Any] = {
    "image_id": "0123456789abcdef",
    "path": "birds/a.jpg",
    "content_hash": "0" * 64,
    "width": 60,
    "height": 40,
    "label": "jay",
    "label_index": 0,
    "probability": 0.5,
    "n_candidates": 0,
    "n_keypoints": 2,
    "fine_method": "guided",
    "seconds": 0.0,
}
POINT: dict[str, Any] = {
    "image_id": IMAGE["image_id"],
    "rank": 1,
    "x": 1.0,
    "y": 2.0,
    "score": -1.0,
    "confidence": 0.5,
    "coarse": 0.1,
    "fine": np.nan,
    "cov_xx": 4.0,
    "cov_xy": 1.0,
    "cov_yy": 1.0,
    "refined": True,
    "kind": "corner",
    "proved": False,
    "part": -1,
}


def images(**changes: Any) -> pa.Table:
    return pa.Table.from_pylist([IMAGE | changes], schema=IMAGES)


def points(**changes: Any) -> pa.Table:
    return pa.Table.from_pylist([POINT, POINT | {"rank": 2} | changes], schema=KEYPOINTS)


@pytest.mark.parametrize(
    ("column", "allowed", "refused"),
    [
        ("image_id", ["f" * 16], ["F" * 16, "f" * 15, "f" * 17, "../precious/////", ""]),
        ("content_hash", ["a" * 64], ["a" * 63, "g" * 64, ""]),
        ("path", ["a", "../a\n", "é"], ["", "a\0b"]),
        ("label", ["a", "$\\bad{$"], ["", "\0"]),
        ("width", [1, 2**29 // 40], [0, -1, 2**29 // 40 + 1]),
        ("height", [1], [0, -5]),
        ("label_index", [0, 2**31 - 1], [-1]),
        ("probability", [0.0, 1.0], [-1e-9, 1.0000001, np.nan, np.inf]),
        ("n_candidates", [0], [-1]),
        ("n_keypoints", [0, 7], [-1]),
        ("fine_method", ["", "guided", "mine:rule"], ["a\0b"]),
        ("seconds", [0.0, 1e6], [-0.1, np.nan, np.inf]),
    ],
)
def test_an_image(column: str, allowed: list[object], refused: list[object]) -> None:
    for value in allowed:
        check_images(images(**{column: value}), "here")
    for value in refused:
        with pytest.raises(
            RunError, match=f"here cannot be used: {'width' if column == 'height' else column} is"
        ):
            check_images(images(**{column: value}), "here")


@pytest.mark.parametrize(
    ("column", "allowed", "refused"),
    [
        ("image_id", [], ["f" * 16]),
        ("rank", [2], [1, 3, 0, -1, 2**31 - 1]),
        ("x", [-1e9, 1e9], [1.1e9, -1.1e9, np.nan, np.inf]),
        ("y", [0.0], [np.nan, -np.inf]),
        ("score", [-700.0, 3.0], [np.nan, -np.inf]),
        ("confidence", [0.0, 1.0], [-1e-9, 1.0000001, np.nan]),
        ("kind", ["corner", "blob", "ridge", "map"], ["", "edge", "corner\0"]),
        ("coarse", [np.nan, 0.0, -0.1], [np.inf]),
        ("fine", [np.nan, 9.0], [-np.inf]),
        ("cov_xx", [1.0, 1e18], [0.5, -1.0, np.nan, np.inf, 2e18]),
        ("part", [-1, 0, 2], [-2, 3]),
    ],
)
def test_a_keypoint(column: str, allowed: list[object], refused: list[object]) -> None:
    for value in allowed:
        check_points(images(), points(**{column: value}), 3, "here")
    for value in refused:
        with pytest.raises(RunError, match=f"here cannot be used: {column} is"):
            check_points(images(), points(**{column: value}), 3, "here")


def test_a_covariance_is_whole_or_unknown() -> None:
    unknown = dict.fromkeys(("cov_xx", "cov_xy", "cov_yy"), np.nan)
    check_points(images(), points(**unknown), 0, "here")
    check_points(images(), points(cov_xx=4.0, cov_xy=2.0, cov_yy=1.0), 0, "here")
    for bad in ({"cov_xy": 2.1}, {"cov_yy": -1.0}, {"cov_xy": np.nan}):
        with pytest.raises(RunError, match="cov_xx is"):
            check_points(images(), points(**bad), 0, "here")


def test_points_stand_in_the_order_of_their_images() -> None:
    other = "f" * 16
    both = pa.concat_tables([images(n_keypoints=1), images(image_id=other, n_keypoints=1)])
    rows = [POINT, POINT | {"image_id": other}]
    check_points(both, pa.Table.from_pylist(rows, schema=KEYPOINTS), 0, "here")
    with pytest.raises(RunError, match=f"image_id is {other!r}"):
        check_points(both, pa.Table.from_pylist(rows[::-1], schema=KEYPOINTS), 0, "here")
    with pytest.raises(RunError, match="holds 1 of the 2 keypoints"):
        check_points(both, pa.Table.from_pylist(rows[:1], schema=KEYPOINTS), 0, "here")


def test_parts_that_a_run_does_not_name_are_bounded() -> None:
    check_points(images(), points(part=65_535), 0, "here")
    with pytest.raises(RunError, match="part is '65536'"):
        check_points(images(), points(part=65_536), 0, "here")
