from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import correlate, gaussian_filter, uniform_filter

from gnomon.errors import SettingError
from gnomon.foerstner import refine, weighted
from gnomon.foerstner.field import Field, field_of
from gnomon.geometry import Affine
from gnomon.types import Floats, Image, Keypoints

CELL = 26
INSIDE_95 = 5.991
"""Chi-square with two degrees of freedom."""


def image(gray: NDArray[np.floating]) -> Image:
    pixels = torch.from_numpy(np.repeat(gray[None], 3, axis=0).astype(np.float32))
    return Image(pixels, "drawn", "", (gray.shape[1], gray.shape[0]), Affine.identity())


def points(xy: object) -> Keypoints:
    return Keypoints.at(xy, np.zeros(len(np.asarray(xy).reshape(-1, 2))))


@cache
def drawn(kind: str, across: int, fine: int = 8, blur: float = 0.0) -> tuple[Floats, Floats]:
    """Draw across x across cells with one L, X or T junction each; return the gray, the places.

    Each pixel is the mean of fine x fine samples. Angles, openings (50 to 130 degrees) and
    sub-pixel places are random.
    """
    rng = np.random.default_rng([ord(kind), across])
    samples = (np.arange((CELL + 8) * fine) + 0.5) / fine - 4.5
    rows, places = [], []
    for row in range(across):
        cells = []
        for column in range(across):
            place = (CELL - 1) / 2 + rng.uniform(-0.5, 0.5, 2)
            first = rng.uniform(0, 2 * np.pi)
            second = first + np.deg2rad(rng.uniform(50, 130))
            x, y = samples[None, :] - place[0], samples[:, None] - place[1]
            one, two = (np.cos(angle) * y - np.sin(angle) * x > 0 for angle in (first, second))
            dark = {"L": one & ~two, "X": one ^ two, "T": (2 * one + (one & two)) / 3}[kind]
            cell = dark.reshape(CELL + 8, fine, CELL + 8, fine).mean((1, 3))
            cell = gaussian_filter(cell, blur) if blur else cell
            cells.append(cell[4:-4, 4:-4])
            places.append(place + np.array([column * CELL, row * CELL]))
        rows.append(np.hstack(cells))
    return np.vstack(rows), np.array(places)


def noisy(gray: Floats, noise: float, seed: int = 0) -> Floats:
    return gray + noise * np.random.default_rng(seed).standard_normal(gray.shape)


def nearby(places: Floats, reach: int, seed: int = 0) -> Floats:
    return np.rint(places) + np.random.default_rng(seed).integers(-reach, reach + 1, places.shape)


def by_opencv(gray: Floats, start: Floats) -> Floats:
    found = start.astype(np.float32).reshape(-1, 1, 2)
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 1e-4)
    cv2.cornerSubPix(gray.astype(np.float32), found, (3, 3), (-1, -1), rule)
    return found.reshape(-1, 2).astype(np.float64)


def distances(xy: Floats, places: Floats) -> Floats:
    away: Floats = np.hypot(*(xy - places).T)
    return away


def share_inside(found: Keypoints, places: Floats) -> float:
    error = (found.xy - places)[found.refined]
    inverse = np.linalg.inv(found.covariance[found.refined])
    squared = np.einsum("ni,nij,nj->n", error, inverse, error)
    return float((squared <= INSIDE_95).mean())


@pytest.mark.parametrize("blur", [0.0, 0.7])
@pytest.mark.parametrize("kind", ["L", "X"])
def test_finds_drawn_corners_and_crossings(kind: str, blur: float) -> None:
    gray, places = drawn(kind, across=10, fine=16, blur=blur)
    found = refine(image(gray), points(nearby(places, reach=1)))
    assert found.refined.all()
    away = distances(found.xy, places)
    assert np.median(away) < 0.04
    assert np.quantile(away, 0.95) < 0.15


def slow_solution(gray: Floats, xy: Floats, window: int) -> Floats:
    """Solve A x = b around xy, pixel by pixel, as docs/refinement.md says."""
    smooth, slope = np.array([3, 10, 3]) / 16, np.array([-1, 0, 1]) / 2
    gx = correlate(gray, np.outer(smooth, slope))
    gy = correlate(gray, np.outer(slope, smooth))
    for map_ in (gx, gy):
        map_[[0, -1]] = map_[:, [0, -1]] = 0
    tensors = np.stack([gx * gx, gx * gy, gx * gy, gy * gy], axis=-1).reshape(*gray.shape, 2, 2)
    low, high = np.moveaxis(np.linalg.eigvalsh(uniform_filter(tensors, (3, 3, 1, 1)) * 9), -1, 0)
    seen = low + high > 1e-7
    seen[[0, -1]] = seen[:, [0, -1]] = False
    noise = np.quantile(2 * low[seen], 0.1, method="lower") / 0.897
    weak = 16 * noise * (smooth**2).sum() * (slope**2).sum()
    a, b = np.zeros((2, 2)), np.zeros(2)
    near = np.abs(np.indices(gray.shape) - xy[::-1, None, None]).max(axis=0) <= window
    for y, x in np.argwhere(seen & near):
        taper = 1 - ((x - xy[0]) ** 2 + (y - xy[1]) ** 2) / (window / 2 + 1) ** 2
        if taper > 0:
            coherence = (high[y, x] - low[y, x]) / (high[y, x] + low[y, x])
            weight = taper * coherence**0.25 / np.sqrt(np.trace(tensors[y, x]) + weak)
            a += weight * tensors[y, x]
            b += weight * tensors[y, x] @ [x, y]
    return np.asarray(np.linalg.solve(a, b), dtype=np.float64)


@pytest.mark.parametrize("window", [4, 7, 11])
def test_rests_where_the_equation_says(window: int) -> None:
    drawing, places = drawn("L", across=3)
    gray = noisy(drawing, 0.03).astype(np.float32).astype(np.float64)
    found = refine(image(gray), points(np.rint(places)), window=window)
    assert found.refined.all()
    settled = refine(image(gray), refine(image(gray), found, window=window), window=window)
    assert distances(found.xy, settled.xy).max() < 0.02
    for place in settled.xy[:4]:
        assert np.hypot(*(slow_solution(gray, place, window) - place)) < 1e-4


def steps(gray: Floats, xy: Floats) -> Floats:
    """Find Newton's steps from places."""
    field = field_of(gray.astype(np.float32))
    sums = [weighted._sums(field, weighted._disc(field, (x, y), 4.5)) for x, y in xy]
    return np.array([weighted._times(weighted._inverse(one.slope), one.b) for one in sums])


def test_the_last_step_is_newtons() -> None:
    drawing, places = drawn("L", across=4, blur=0.7)
    gray, rest = noisy(drawing, 0.02), places
    for _ in range(6):
        rest = rest + steps(gray, rest)
    for shift in ([0.01, 0.0], [0.0, 0.01], [-0.01, 0.01]):
        np.testing.assert_allclose(steps(gray, rest + shift), -np.tile(shift, (16, 1)), atol=3e-4)


@settings(derandomize=True, deadline=None)
@given(st.tuples(st.integers(3, 30), st.integers(3, 30)), st.integers(1, 9), st.integers(0, 1000))
def test_a_disc_counts_every_inner_pixel_nearer_than_its_rim(
    size: tuple[int, int], window: int, seed: int
) -> None:
    rng, radius = np.random.default_rng(seed), window / 2 + 1
    gradient = rng.normal(size=(2, *size)).astype(np.float32)
    field = Field(gradient, rng.random(size, dtype=np.float32), 0.0)
    rows, columns = np.indices(size)
    inner = np.zeros(size, dtype=np.bool_)
    inner[1:-1, 1:-1] = True
    for place in rng.uniform(-0.5, np.array(size[::-1]) - 0.5, (20, 2)):
        x, y = columns - place[0], rows - place[1]
        taper = (1 - (x**2 + y**2) / radius**2) * inner
        inside = taper > 0
        disc = weighted._disc(field, (place[0], place[1]), radius)
        pixels = {(row, column): rest for row, column, *rest in weighted._pixels(disc)}
        assert pixels.keys() == set(zip(*np.nonzero(inside), strict=True))
        for (row, column), rest in pixels.items():
            at = x[row, column], y[row, column], taper[row, column]
            np.testing.assert_allclose(rest, at, atol=1e-12)
        taper[~inside] = 0
        sums = weighted._sums(field, disc)
        xx, xy, yy = (
            field.weight.astype(np.float64) * gradient[one] * gradient[other]
            for one, other in ((0, 0), (0, 1), (1, 1))
        )
        miss_x, miss_y = xx * x + xy * y, xy * x + yy * y
        a = [(taper * tensor).sum() for tensor in (xx, xy, xy, yy)]
        moved = [(inside * miss * way).sum() for miss in (miss_x, miss_y) for way in (x, y)]
        np.testing.assert_allclose(sums.a, a, atol=1e-9)
        np.testing.assert_allclose(sums.b, [(taper * m).sum() for m in (miss_x, miss_y)], atol=1e-9)
        np.testing.assert_allclose(sums.slope, a - 2 / radius**2 * np.array(moved), atol=1e-9)


@pytest.mark.parametrize("blur", [0.0, 0.5])
@pytest.mark.parametrize(
    ("kind", "noise"),
    [
        *(("L", noise) for noise in (0.0, 0.02, 0.05, 0.1)),
        *(("X", noise) for noise in (0.0, 0.02, 0.05, 0.1)),
        *(("T", noise) for noise in (0.0, 0.02, 0.05)),
    ],
)
def test_is_no_worse_than_opencv(kind: str, noise: float, blur: float) -> None:
    gray, places = drawn(kind, across=20, blur=blur)
    gray, start = noisy(gray, noise), nearby(places, reach=1)
    ours = np.median(distances(refine(image(gray), points(start)).xy, places))
    theirs = np.median(distances(by_opencv(gray, start), places))
    assert ours <= 1.1 * theirs


@pytest.mark.parametrize("blur", [0.0, 0.5])
@pytest.mark.parametrize("noise", [0.01, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("kind", ["L", "X"])
def test_covariance_is_calibrated(kind: str, noise: float, blur: float) -> None:
    gray, places = drawn(kind, across=16, fine=16, blur=blur)
    inside = []
    for seed in range(6):
        found = refine(image(noisy(gray, noise, seed)), points(np.rint(places)))
        assert found.refined.mean() > 0.95
        inside.append(share_inside(found, places))
    assert 0.90 <= np.mean(inside) <= 0.98


def test_covariance_follows_the_noise() -> None:
    gray, places = drawn("X", across=12)
    start = points(np.rint(places))
    small, large = (
        np.trace(refine(image(noisy(gray, noise)), start).covariance, axis1=1, axis2=2)
        for noise in (0.05, 0.1)
    )
    assert 3 < np.median(large / small) < 5


Turn = Callable[[NDArray[np.floating]], NDArray[np.floating]]
TURNS: dict[str, tuple[Turn, list[list[float]]]] = {
    "mirror": (lambda gray: gray[:, ::-1], [[-1, 0], [0, 1]]),
    "flip": (lambda gray: gray[::-1], [[1, 0], [0, -1]]),
    "half turn": (lambda gray: gray[::-1, ::-1], [[-1, 0], [0, -1]]),
    "quarter turn": (lambda gray: np.rot90(gray), [[0, 1], [-1, 0]]),
    "transpose": (lambda gray: gray.T, [[0, 1], [1, 0]]),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("window", [3, 6, 7])
def test_a_turned_image_has_turned_points(turn: str, window: int) -> None:
    gray = noisy(drawn("L", across=6)[0], 0.05)[:150, :131]
    rng = np.random.default_rng(1)
    height, width = gray.shape
    whole = rng.integers(0, (width, height), (300, 2))
    start = np.concatenate([whole, whole[:200] + 0.5, rng.uniform(-0.5, 130.5, (200, 2))])
    apply, matrix = TURNS[turn]
    linear = np.array(matrix)
    middle = np.array([width - 1, height - 1]) / 2
    turned = np.ascontiguousarray(apply(gray))
    turned_middle = np.array([turned.shape[1] - 1, turned.shape[0] - 1]) / 2
    one = refine(image(gray), points(start), window=window)
    two = refine(image(turned), points((start - middle) @ linear.T + turned_middle), window=window)
    assert one.refined.sum() > 20
    np.testing.assert_array_equal(two.refined, one.refined)
    np.testing.assert_allclose(two.xy, (one.xy - middle) @ linear.T + turned_middle, atol=1e-6)
    turned_covariance = linear @ one.covariance @ linear.T
    size = np.trace(turned_covariance, axis1=1, axis2=2)[:, None, None]
    np.testing.assert_allclose(two.covariance / size, turned_covariance / size, atol=1e-4)


def test_every_refined_point_rests() -> None:
    gray = noisy(drawn("L", across=6)[0], 0.1)
    height, width = gray.shape
    start = np.random.default_rng(2).uniform(0, (width - 1, height - 1), (600, 2))
    found = refine(image(gray), points(start))
    left = np.hypot(*steps(gray, found.xy[found.refined]).T)
    assert found.refined.sum() > 50
    assert np.median(left) < 1e-3
    assert (left < weighted.REST).all()


def test_what_becomes_of_a_point_does_not_depend_on_the_others() -> None:
    picture = image(noisy(drawn("L", across=6)[0], 0.1))
    start = points(np.random.default_rng(3).integers(0, 6 * CELL, (300, 2)))
    together = refine(picture, start)
    alone = [refine(picture, start.take(slice(i, i + 1))) for i in range(len(start))]
    for name in ("xy", "covariance", "refined"):
        singly = np.concatenate([getattr(one, name) for one in alone])
        np.testing.assert_array_equal(getattr(together, name), singly)


def stays(found: Keypoints, start: Keypoints) -> None:
    lost = ~found.refined
    np.testing.assert_array_equal(found.xy[lost], start.xy[lost])
    assert np.isnan(found.covariance[lost]).all()
    assert np.isfinite(found.xy).all()
    assert np.isfinite(found.covariance[found.refined]).all()


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_nothing_is_found_in_a_flat_or_merely_noisy_image(noise: float) -> None:
    gray = noisy(np.full((90, 120), 0.4), noise)
    start = points(np.random.default_rng(0).uniform(0, 89, (400, 2)))
    found = refine(image(gray), start)
    stays(found, start)
    assert not found.refined.any()


@pytest.mark.parametrize("angle", [0, 17, 45, 60, 90, 133])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_along_a_straight_edge_the_place_is_refused_or_said_to_be_vague(
    angle: float, noise: float
) -> None:
    across = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    samples = (np.arange(64 * 8) + 0.5) / 8 - 32
    gray = (across[0] * samples[None] + across[1] * samples[:, None] > 0.2).astype(np.float64)
    gray = noisy(gray.reshape(64, 8, 64, 8).mean((1, 3)), noise)
    along = across[::-1] * [-1, 1]
    start = points(np.rint(31.5 + np.linspace(-20, 20, 41)[:, None] * along))
    found = refine(image(gray), start)
    stays(found, start)
    vague = np.sqrt(np.einsum("i,nij,j->n", along, found.covariance[found.refined], along))
    assert found.refined.mean() <= (0.2 if noise else 0)
    assert (vague > 0.5).all()


@settings(derandomize=True, deadline=None)
@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.integers(1, 9),
    st.integers(0, 1000),
    st.sampled_from([0.5, 1.0]),
)
def test_any_place_in_any_small_image_is_answered(
    shape: tuple[int, int], window: int, seed: int, grid: float
) -> None:
    rng = np.random.default_rng(seed)
    gray = rng.integers(0, 3, shape) / 2
    y, x = np.meshgrid(*(np.arange(-1, size + 1, grid) for size in shape), indexing="ij")
    start = points(np.stack([x, y], axis=-1))
    found = refine(image(gray), start, window=window)
    stays(found, start)
    assert (np.abs(found.xy - start.xy) <= window / 2).all()
    inside = (found.xy >= -0.5) & (found.xy <= np.array(shape[::-1]) - 0.5)
    assert inside[found.refined].all()


@pytest.mark.parametrize("away", [3.9, 4.5, 6, 100])
def test_a_point_out_of_the_image_stays_and_harms_no_other(away: float) -> None:
    gray, places = drawn("X", across=3)
    side = len(gray) - 1
    beyond = [[-away, -away], [-away, 30], [side + away, side + away], [30, side + away]]
    start = points(np.concatenate([beyond, np.rint(places)]))
    found = refine(image(gray), start)
    stays(found, start)
    np.testing.assert_array_equal(found.refined, [False] * 4 + [True] * 9)


@pytest.mark.parametrize(("margin", "error"), [(4, 0.06), (3, 0.1), (2, 0.3)])
def test_a_corner_near_the_border_is_found(margin: int, error: float) -> None:
    gray, places = drawn("L", across=8)
    away = []
    for place in places:
        left, top = np.rint(place).astype(int) - margin
        found = refine(image(gray[top : top + 12, left : left + 12]), points([margin, margin]))
        away.append(distances(found.xy, place[None] - [left, top])[0])
    assert np.median(away) < error


def test_evidence_is_carried_along_and_the_given_keypoints_stay() -> None:
    gray, places = drawn("X", across=3)
    start = Keypoints.at(np.rint(places), np.arange(9.0))
    before = start.xy.copy()
    found = refine(image(gray), start)
    np.testing.assert_array_equal(start.xy, before)
    np.testing.assert_array_equal(found.score, start.score)
    assert found.frame == "model"
    assert found.refined.all()


def test_color_counts_by_its_luminance() -> None:
    gray, places = drawn("X", across=3)
    pixels = torch.from_numpy(np.stack([gray, 1 - 0.299 * gray / 0.587, 0 * gray]))
    equal = Image(pixels.float(), "equally bright", "", (78, 78), Affine.identity())
    assert not refine(equal, points(np.rint(places))).refined.any()


def test_no_points_give_no_points() -> None:
    found = refine(image(np.zeros((5, 5))), points(np.empty((0, 2))))
    assert len(found) == 0
    assert found.covariance.shape == (0, 2, 2)


def test_bad_use_is_refused() -> None:
    with pytest.raises(SettingError, match="window is 0"):
        refine(image(np.zeros((5, 5))), points([1, 1]), window=0)
    with pytest.raises(SettingError, match="model pixels"):
        refine(image(np.zeros((5, 5))), Keypoints.at([[1, 1]], [0], frame="file"))
