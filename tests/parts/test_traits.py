"""What is known of a part, on shares written down by hand."""

import numpy as np

from gnomon.parts.layout import Layout
from gnomon.parts.learn import Points
from gnomon.parts.traits import expected, mirror, quantiles, repeats, twins
from gnomon.types import Floats


def one_hot(parts: list[list[int]], count: int) -> Floats:
    """Give shares (I,N,K) of points that are certainly these parts."""
    shares: Floats = np.eye(count)[np.array(parts)]
    return shares


def layout_of(count: int) -> Layout:
    ones = np.ones(count)
    middle = np.zeros(count, np.complex128)
    return Layout(np.eye(count, dtype=np.float32), middle, ones, ones / count)


def test_a_part_repeats_where_it_lies_apart_and_often_enough() -> None:
    near, apart = [0, 0.9, 0.5j], [0, 1.1, 2.2]
    parts = np.array([[0, 0, 0, 1, 1, 1, 2, 2]] * 3 + [[0, 0, 0, 1, 1, 1, 2, 3]] * 7)
    placed = np.array([[*near, *apart, 0, 3]] * 10, dtype=np.complex128)
    known = np.ones(parts.shape, np.bool_)
    shares = one_hot(parts.tolist(), 4)
    assert repeats(layout_of(4), shares, placed, known).tolist() == [1, 3, 2, 1]
    rarely = shares.copy()
    rarely[0, 7] = [0, 0, 0.45, 0.55]
    assert repeats(layout_of(4), rarely, placed, known).tolist() == [1, 3, 1, 1]
    known[0, 7] = False
    assert repeats(layout_of(4), shares, placed, known).tolist() == [1, 3, 1, 1]


def test_a_part_that_mostly_occurs_twice_may_occur_twice() -> None:
    parts = [[0, 0, 0, 0, 0, 0]] * 3 + [[0, 0, 1, 1, 1, 1]] * 4
    placed = np.array([[0, 2, 4, 4, 4, 4]] * 4 + [[0, 2, 4, 6, 8, 10]] * 3, dtype=np.complex128)
    placed = placed[::-1]
    known = np.ones((7, 6), np.bool_)
    assert repeats(layout_of(2), one_hot(parts, 2), placed, known).tolist() == [2, 1]


def test_a_part_is_expected_in_the_share_of_images_that_show_it() -> None:
    shares = one_hot([[0, 1], [0, 0], [1, 0], [1, 1], [2, 2]], 3)
    known = np.ones((5, 2), np.bool_)
    known[2, 1] = False
    found = expected(shares, known, ["gull", "gull", "tern", "gull", "tern"], ["gull", "tern"])
    np.testing.assert_allclose(found, [[2 / 3, 2 / 3, 0], [0, 1 / 2, 1 / 2]])


def test_quantiles_are_of_a_parts_own_points() -> None:
    shares = one_hot([[0, 0, 0, 1]], 3)
    match = np.array([[[2.0, 9, 5], [4, 9, 6], [100, 9, 7], [9, 1, 8]]])
    known = np.array([[True, True, False, True]])
    found = quantiles(match, shares, known)
    assert found.shape == (3, 41)
    np.testing.assert_allclose(found[0], np.linspace(2, 4, 41))
    np.testing.assert_allclose(found[1], 1)
    np.testing.assert_allclose(found[2, [0, 20, 40]], [5, 6, 8])


def test_twins_become_each_other_in_a_mirror() -> None:
    here = one_hot([[0, 1, 2, 3, 4]] * 3, 5)
    there = one_hot([[1, 0, 2, 2, 3], [1, 0, 2, 2, 1], [1, 4, 2, 3, 0]], 5)
    known = np.ones((3, 5), np.bool_)
    assert twins(here, there, known).tolist() == [1, 0, 2, -1, -1]
    known[:2, 1] = False
    assert twins(here, there, known)[:2].tolist() == [-1, -1], "1 becomes 4 where it is known"


def test_mirrored_points_lie_on_the_other_side() -> None:
    known = np.array([[True, False]])
    points = Points(np.zeros((1, 2, 3), np.float32), np.array([[1 + 2j, -3 - 1j]]), known)
    seen = np.ones((1, 2, 3), np.float32)
    mirrored = mirror(points, seen)
    assert mirrored.places.tolist() == [[-1 + 2j, 3 - 1j]]
    assert mirrored.descriptors is seen
    assert mirrored.known is known
