"""Images are laid over the object as they were turned, scaled, moved and mirrored."""

import numpy as np
import pytest

from gnomon.parts.layout import Layout, Pose, settle

PLACES = np.array([-1.2 - 0.6j, 1.1 - 0.2j, 0.1 + 1.0j, 0.9 + 1.1j, -0.7 + 0.3j])
PLACES = PLACES - PLACES.mean()
LAYOUT = Layout(
    np.eye(5, dtype=np.float32), PLACES, np.full(5, 0.05), np.array([0.2, 0.2, 0.2, 0.2, 0.2])
)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [1.0, 1.25 * np.exp(0.3j), 0.8 * np.exp(-0.4j)])
def test_a_pose_undoes_what_was_done_to_the_object(mirrored: bool, turn: complex) -> None:
    seen = (PLACES - (0.3 - 0.2j)) / turn
    seen = -seen.conj() if mirrored else seen
    places, known = np.append(seen, 50.0)[None], np.array([[True] * 5 + [False]])
    descriptors = np.eye(6, 5, dtype=np.float32)[None]
    pose = settle(LAYOUT, descriptors, places, known)
    assert pose.mirrored.tolist() == [mirrored]
    placed = pose.place(places)[0, :5]
    assert np.abs(placed - PLACES).max() < 0.06, "held a little towards no turn at all"
    np.testing.assert_allclose(pose.back(pose.place(places)), places, atol=1e-12)


def test_a_pose_mirrors_turns_and_moves_in_this_order() -> None:
    pose = Pose(np.array([2j, 2j]), np.array([1.0 + 0j, 1.0]), np.array([False, True]))
    placed = pose.place(np.array([[3 + 1j], [3 + 1j]]))
    assert placed.tolist() == [[2j * (3 + 1j) + 1], [2j * (-3 + 1j) + 1]]


def test_a_match_is_look_and_place_in_nats() -> None:
    layout = Layout(
        np.eye(2, dtype=np.float32), np.array([0j, 2.0]), np.array([0.5, 2.0]), np.array([0.8, 0.2])
    )
    likeness = layout.likeness(np.array([[1.0, 0.0]], dtype=np.float32))
    assert likeness.tolist() == [[15.0, 0.0]]
    match = layout.match(likeness, np.array([1.0 + 0j]))
    expected = [15 - 1 / (2 * 0.5) - np.log(0.5), -1 / (2 * 2.0) - np.log(2.0)]
    np.testing.assert_allclose(match, [expected])
    one, other = 0.8 * np.exp(expected[0]), 0.2 * np.exp(expected[1])
    np.testing.assert_allclose(layout.shares(match), [[one / (one + other), other / (one + other)]])
