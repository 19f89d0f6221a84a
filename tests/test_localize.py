from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gnomon.localize import FURTHEST, localize
from gnomon.structure import structure, structure_peaks
from gnomon.types import KINDS, Floats, Singles

SIDE, FINE = 48, 8
WITHIN_95 = 5.991
Inside = Callable[[Floats, Floats], NDArray[np.bool_]]


def drawn(inside: Inside, noise: float = 0.0, seed: int = 0) -> Singles:
    """Draw what is bright, antialiased and a little blurred, with noise."""
    rows, columns = (np.mgrid[: SIDE * FINE, : SIDE * FINE] + 0.5) / FINE - 0.5
    share = inside(columns, rows).reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3))
    random = np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE)) if noise else 0.0
    gray: Singles = (0.2 + 0.6 * gaussian_filter(share, 0.7) + random).astype(np.float32)
    return gray


def disc(x: float, y: float, radius: float) -> Inside:
    return lambda columns, rows: np.hypot(columns - x, rows - y) <= radius


def wedge(x: float, y: float, start: float, opening: float) -> Inside:
    return lambda columns, rows: (
        (np.arctan2(rows - y, columns - x) - start) % (2 * np.pi) <= opening
    )


def strongest(gray: Singles) -> Floats:
    xy, strength = structure_peaks(structure(gray))
    return xy[[strength.argmax()]]


def spread(xy: Floats) -> Floats:
    return np.full(len(xy), 4.0)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(2.0, 4.5))
def test_the_middle_of_a_disc_is_a_blob(dx: float, dy: float, radius: float) -> None:
    place = np.array([24 + dx, 24 + dy])
    gray = drawn(disc(place[0], place[1], radius))
    found = localize(gray, np.array([[24.0, 24.0]]), np.array([4.0]))
    assert found.kind.tolist() == ["blob"]
    np.testing.assert_allclose(found.xy[0], place, atol=0.05)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0, 6.28))
def test_where_two_edges_meet_is_a_corner(dx: float, dy: float, start: float) -> None:
    place = np.array([24 + dx, 24 + dy])
    gray = drawn(wedge(place[0], place[1], start, np.pi / 2))
    found = localize(gray, strongest(gray), np.array([4.0]))
    assert found.kind.tolist() == ["corner"]
    assert np.hypot(*(found.xy[0] - place)) < 0.4


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.2, 2.0, 3.0])
def test_on_an_edge_the_covariance_is_long_along_it(angle: float) -> None:
    gray = drawn(wedge(24, 24, angle, np.pi))
    normal = np.array([-np.sin(angle), np.cos(angle)])
    start = np.array([[24.0, 24.0]]) + 1.3 * normal
    found = localize(gray, start, np.array([4.0]))
    assert found.kind.tolist() == ["ridge"]
    assert abs((found.xy[0] - 24) @ normal) < 0.2, "it moves onto the edge"
    assert abs((found.xy[0] - start[0]) @ [normal[1], -normal[0]]) < 0.01, "and not along it"
    values, vectors = np.linalg.eigh(found.covariance[0])
    assert abs(vectors[:, 1] @ normal) < 0.05
    assert values[1] > 4 * values[0] > 0


def test_where_nothing_is_seen_the_place_is_the_evidences_own() -> None:
    gray = drawn(disc(10, 10, 3))
    found = localize(gray, np.array([[36.2, 30.7]]), np.array([2.5]))
    assert found.kind.tolist() == ["map"]
    np.testing.assert_array_equal(found.xy, [[36.2, 30.7]])
    np.testing.assert_allclose(found.covariance[0], 2.5**2 * np.eye(2))


@pytest.mark.parametrize(
    ("kind", "inside"),
    [
        ("corner", lambda x, y, turn: wedge(x, y, turn, np.pi / 2)),
        ("corner", lambda x, y, turn: wedge(x, y, turn, 2 * np.pi / 3)),
        ("blob", lambda x, y, turn: disc(x, y, 2.5)),
        ("blob", lambda x, y, turn: disc(x, y, 4)),
    ],
)
@pytest.mark.parametrize("noise", [0.01, 0.04])
def test_the_ellipse_holds_the_true_place(
    kind: str, inside: Callable[..., Inside], noise: float
) -> None:
    random = np.random.default_rng(5)
    held = []
    for seed in range(60):
        place = 24 + random.uniform(-0.5, 0.5, 2)
        gray = drawn(inside(*place, random.uniform(0, 6)), noise, seed)
        xy, strength = structure_peaks(structure(gray))
        near = np.hypot(*(xy - place).T) < 6
        found = localize(gray, xy[near][[strength[near].argmax()]], np.array([4.0]))
        if found.kind[0] == kind:
            error = found.xy[0] - place
            held.append(error @ np.linalg.solve(found.covariance[0], error) <= WITHIN_95)
    assert len(held) >= 50
    assert np.mean(held) >= 0.9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_every_place_is_near_its_start_and_its_covariance_is_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    gray = random.random((20, 26)).astype(np.float32)
    xy = random.uniform([-0.5, -0.5], [25.5, 19.5], (12, 2))
    found = localize(gray, xy, spread(xy))
    assert np.isin(found.kind, KINDS).all()
    assert (np.hypot(*(found.xy - xy).T) <= FURTHEST + 1e-9).all()
    assert np.isfinite(found.covariance).all()
    assert (np.linalg.eigvalsh(found.covariance) > 0).all()


def test_points_are_found_each_by_itself_and_moved_with_the_image() -> None:
    gray = np.random.default_rng(1).random((60, 60)).astype(np.float32)
    xy = structure_peaks(structure(gray))[0]
    xy = xy[(xy > 15).all(axis=1) & (xy < 45).all(axis=1)][:8]
    together = localize(gray, xy, spread(xy))
    alone = localize(gray, xy[[3]], spread(xy)[[3]])
    np.testing.assert_array_equal(alone.xy, together.xy[[3]])
    moved = localize(np.ascontiguousarray(gray[5:, 7:]), xy - (7, 5), spread(xy))
    np.testing.assert_allclose(moved.xy, together.xy - (7, 5), atol=1e-9)
    np.testing.assert_allclose(moved.covariance, together.covariance, rtol=1e-9)
    assert moved.kind.tolist() == together.kind.tolist()


def test_no_points_are_no_points() -> None:
    found = localize(np.zeros((8, 8), np.float32), np.zeros((0, 2)), np.zeros(0))
    assert (found.xy.shape, found.covariance.shape, len(found.kind)) == ((0, 2), (0, 2, 2), 0)
