"""What the rows of a run's tables must be, whoever wrote them; all else is refused."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gnomon.errors import RunError
from gnomon.types import KINDS

ID = "^[0-9a-f]{16}$"
HASH = "^[0-9a-f]{64}$"
MOST_PIXELS = 2**29
"""Pixels of the largest photograph that any decoder here reads."""
FURTHEST = 1e9
"""Furthest place from a file's corner, in pixels; largest variance is its square."""
MOST_PARTS = 65_536
"""Part ids of a run that names none are below this."""


def check_images(images: pa.Table, name: str) -> None:
    """Raise ``RunError`` where rows of the images table hold what no `detect` writes."""
    width, height = (_ints(images, column) for column in ("width", "height"))
    probability, seconds = (_floats(images, column) for column in ("probability", "seconds"))
    one_is_wrong = _Wrong(name)
    one_is_wrong("image_id", images, ~_matches(images, "image_id", ID), "16 hexadecimal digits")
    one_is_wrong("content_hash", images, ~_matches(images, "content_hash", HASH), "a SHA-256")
    one_is_wrong("path", images, ~_is_text(images, "path"), "text without NUL, not empty")
    one_is_wrong("label", images, ~_is_text(images, "label"), "text without NUL, not empty")
    has_nul = _truths(pc.match_substring(images["fine_method"], "\0"))
    one_is_wrong("fine_method", images, has_nul, "text without NUL")
    too_large = (width < 1) | (height < 1) | (width * height > MOST_PIXELS)
    one_is_wrong("width", images, too_large, f"1 or more, with at most {MOST_PIXELS:,} pixels")
    not_a_share = ~((probability >= 0) & (probability <= 1))
    one_is_wrong("probability", images, not_a_share, "0 to 1")
    no_time = ~(np.isfinite(seconds) & (seconds >= 0))
    one_is_wrong("seconds", images, no_time, "0 or more")
    for column in ("label_index", "n_candidates", "n_keypoints"):
        one_is_wrong(column, images, _ints(images, column) < 0, "0 or more")


def check_points(images: pa.Table, points: pa.Table, n_parts: int, name: str) -> None:
    """Raise ``RunError`` where ``points`` are not the keypoints that ``images`` count.

    They stand image by image, in the order of the images, ranks 1, 2, ... in each. ``n_parts`` is
    how many parts the run names, 0 for a run that names none.
    """
    counts = _ints(images, "n_keypoints")
    if counts.sum() != points.num_rows:
        raise RunError(
            f"{name} cannot be used: it holds {points.num_rows:,} of the {counts.sum():,} keypoints"
            " that its images count; detect again"
        )
    one_is_wrong = _Wrong(name)
    owner = pa.array(np.repeat(np.arange(len(counts)), counts))
    strange = _not_equal(points["image_id"], images["image_id"].take(owner))
    one_is_wrong("image_id", points, strange, "that of an image, in the order of the images")
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    ranks = np.arange(points.num_rows) - firsts + 1
    one_is_wrong("rank", points, _ints(points, "rank") != ranks, "1, 2, 3, ... in each image")
    for column in ("x", "y"):
        far = ~(np.abs(_floats(points, column)) <= FURTHEST)
        one_is_wrong(column, points, far, "a finite number of pixels")
    one_is_wrong("score", points, ~np.isfinite(_floats(points, "score")), "finite")
    confidence = _floats(points, "confidence")
    unlikely = ~((confidence >= 0) & (confidence <= 1))
    one_is_wrong("confidence", points, unlikely, "0 to 1")
    strange = ~_truths(pc.is_in(points["kind"], pa.array(KINDS)))
    one_is_wrong("kind", points, strange, f"one of {', '.join(KINDS)}")
    for column in ("coarse", "fine"):
        one_is_wrong(column, points, np.isinf(_floats(points, column)), "finite, or NaN")
    one_is_wrong("cov_xx", points, ~_are_covariances(points), "part of a covariance, or NaN")
    part = _ints(points, "part")
    strange = (part < -1) | (part >= (n_parts or MOST_PARTS))
    one_is_wrong("part", points, strange, f"-1 to {(n_parts or MOST_PARTS) - 1}")


class _Wrong:
    """Raises for the first row in which a column is wrong."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(
        self, column: str, table: pa.Table, wrong: NDArray[np.bool_], allowed: str
    ) -> None:
        if not wrong.any():
            return
        value = table[column][int(np.argmax(wrong))].as_py()
        raise RunError(
            f"{self._name} cannot be used: {column} is {str(value)[:80]!r}, it must be {allowed};"
            " the run is damaged, or no gnomon wrote it"
        )


def _ints(table: pa.Table, column: str) -> NDArray[np.int64]:
    values: NDArray[np.int64] = table[column].to_numpy().astype(np.int64)
    return values


def _floats(table: pa.Table, column: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = table[column].to_numpy()
    return values


def _truths(found: pa.ChunkedArray) -> NDArray[np.bool_]:
    values: NDArray[np.bool_] = found.to_numpy().astype(np.bool_)
    return values


def _matches(table: pa.Table, column: str, pattern: str) -> NDArray[np.bool_]:
    return _truths(pc.match_substring_regex(table[column], pattern))


def _is_text(table: pa.Table, column: str) -> NDArray[np.bool_]:
    empty = pc.equal(pc.binary_length(table[column]), 0)
    return ~_truths(pc.or_(empty, pc.match_substring(table[column], "\0")))


def _not_equal(first: pa.ChunkedArray, second: pa.ChunkedArray) -> NDArray[np.bool_]:
    return _truths(pc.not_equal(first, second))


def _are_covariances(points: pa.Table) -> NDArray[np.bool_]:
    """Return which rows hold a covariance, up to rounding, or NaN in all three columns (N,)."""
    xx, xy, yy = (_floats(points, name) for name in ("cov_xx", "cov_xy", "cov_yy"))
    unknown = np.isnan(xx) & np.isnan(xy) & np.isnan(yy)
    bounded = (np.abs([xx, xy, yy]) <= FURTHEST**2).all(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        positive = (xx >= 0) & (yy >= 0) & (xy * xy <= xx * yy * (1 + 1e-6) + 1e-12)
    found: NDArray[np.bool_] = unknown | (bounded & positive)
    return found
