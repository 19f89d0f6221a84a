from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.landmarks import Landmark, Matched, assign
from gnomon.landmarks.histogram import count
from gnomon.types import Landmarks

Points = list[tuple[float, float]]


def matched(xy: Points, landmarks: Landmarks, label: str = "car") -> Matched:
    points = np.array(xy, dtype=np.float64).reshape(-1, 2)
    return Matched(Path("x.png"), label, points, landmarks, assign(points, landmarks, 0.1))


def test_every_keypoint_counts_and_images_beside(make_landmarks: Callable[..., Landmarks]) -> None:
    landmarks = make_landmarks([(0, 0), (50, 0), (90, 90)], visible=[True, True, False])
    images = [
        matched([(1, 0), (0, 1), (51, 0), (25, 25)], landmarks),
        matched([(2, 0), (90, 90)], landmarks),
        matched([], landmarks),
    ]
    found = count("car", images)
    assert (found.n_images, found.n_keypoints, found.n_assigned) == (3, 6, 4)
    told = [(one.landmark.id, one.hits, one.images, one.visible) for one in found.bins]
    assert told == [(1, 3, 2, 3), (2, 1, 1, 3)]
    assert found.salient == (Landmark(1, "part 1"),)


def test_all_of_a_tie_are_salient_by_id(make_landmarks: Callable[..., Landmarks]) -> None:
    landmarks = make_landmarks([(50, 0), (0, 0), (90, 90)], ids=[180, 52, 7], names=["B", "B", "W"])
    found = count("car", [matched([(0, 0), (50, 0)], landmarks)])
    assert found.salient == (Landmark(52, "B"), Landmark(180, "B"))


def test_twins_are_two_landmarks(make_landmarks: Callable[..., Landmarks]) -> None:
    landmarks = make_landmarks([(0, 0), (50, 0)], ids=[1, 129], names=["Wheel", "Wheel"])
    found = count("car", [matched([(0, 0), (50, 0), (50, 1)], landmarks)])
    assert [str(one) for one in found.salient] == ["129, Wheel"]


def test_nothing_found_is_nobody_salient(make_landmarks: Callable[..., Landmarks]) -> None:
    found = count("car", [matched([(50, 50)], make_landmarks([(0, 0)]))])
    assert (found.salient, found.top, found.n_assigned) == ((), (), 0)
    assert [one.hits for one in found.bins] == [0]
    assert count("car", []).salient == ()


def test_a_keypoint_between_two_wheels_counts_once(
    make_landmarks: Callable[..., Landmarks],
) -> None:
    landmarks = make_landmarks([(0, 0), (8, 0)], ids=[19, 19], names=["wheel", "wheel"])
    image = matched([(4, 0), (8, 1)], landmarks)
    assert image.assigned.tolist() == [[True, True], [False, True]]
    (only,) = count("car", [image]).bins
    assert (only.hits, only.images, only.visible) == (2, 1, 1)


POINTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)
IMAGES = st.lists(st.tuples(POINTS, POINTS), max_size=5)


@given(IMAGES)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_equals_counting_one_by_one(images: list[tuple[Points, Points]]) -> None:
    hits: Counter[int] = Counter()
    matches = []
    for xy, places in images:
        ids = np.arange(len(places)) % 3
        landmarks = Landmarks(
            xy=np.array(places, dtype=np.float64).reshape(-1, 2),
            ids=ids,
            names=tuple("abc"[n] for n in ids),
            visible=np.ones(len(places), dtype=np.bool_),
            scale=100.0,
        )
        image = matched(xy, landmarks)
        matches.append(image)
        for x, y in xy:
            apart = [(x - u) ** 2 + (y - v) ** 2 for u, v in places]
            nearest = {
                int(id_) for d, id_ in zip(apart, ids, strict=True) if d == min(apart) and d <= 100
            }
            hits.update(nearest)
    found = count("car", matches)
    assert {one.landmark.id: one.hits for one in found.bins if one.hits} == dict(hits)
    most = max(hits.values(), default=0)
    assert [one.id for one in found.salient] == sorted(n for n in hits if hits[n] == most)
    assert all(one.images <= min(one.hits, one.visible) for one in found.bins)
