from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.datasets import Sample
from gnomon.datasets.sample import Samples, Split
from gnomon.errors import DatasetError, SettingError
from gnomon.training.data import Photo, divide, labeled, spread
from gnomon.training.found import found_lines
from gnomon.training.settings import TrainingSettings


def photos(*given: tuple[str, Split | None]) -> list[Photo]:
    return [Photo(Path(f"{row}.jpg"), label, split) for row, (label, split) in enumerate(given)]


def dataset(*given: tuple[str | None, str | None]) -> Samples:
    samples = [Sample(Path(f"{n}.jpg"), label, view) for n, (label, view) in enumerate(given)]
    return Samples(len(samples), samples.__getitem__)


def test_samples_without_the_label_asked_for_are_left_out_and_counted() -> None:
    given = dataset(("gull", "front"), ("gull", None), (None, "rear"))
    by_class, without_class = labeled(given, "class")
    assert [photo.label for photo in by_class] == ["gull", "gull"]
    assert without_class == 1
    by_view, without_view = labeled(given, "viewpoint")
    assert [(photo.image.name, photo.label) for photo in by_view] == [
        ("0.jpg", "front"),
        ("2.jpg", "rear"),
    ]
    assert without_view == 1


def test_a_data_set_without_such_labels_gets_a_sentence() -> None:
    with pytest.raises(
        DatasetError, match=r"none of the 1 images has a class .*--labels viewpoint"
    ):
        labeled(dataset((None, "front")), "class")


@settings(derandomize=True, deadline=None)
@given(
    counts=st.lists(st.integers(6, 30), min_size=2, max_size=5),
    share=st.floats(0.05, 0.4),
    seed=st.integers(0, 9),
)
def test_the_parts_are_disjoint_complete_and_take_their_share_of_every_class(
    counts: list[int], share: float, seed: int
) -> None:
    given = photos(*[(f"class {k}", None) for k, count in enumerate(counts) for _ in range(count)])
    choices = TrainingSettings(test_share=share, validation_share=share, seed=seed)
    parts = divide(given, choices)
    together = [*parts.train, *parts.validation, *parts.test]
    assert sorted(together, key=lambda photo: str(photo.image)) == sorted(
        given, key=lambda photo: str(photo.image)
    )
    tested = Counter(photo.label for photo in parts.test)
    for k, count in enumerate(counts):
        assert abs(tested[f"class {k}"] - share * count) <= 1
    for part in (parts.train, parts.validation, parts.test):
        assert {photo.label for photo in part} == set(parts.class_names)
    assert divide(given, choices) == parts


@pytest.mark.parametrize(
    ("share", "validated"), [(0.1, {"a": 2, "b": 3}), (0.5, {"a": 8, "b": 16})]
)
def test_the_validation_part_is_the_share_asked_for_of_what_is_left(
    share: float, validated: dict[str, int]
) -> None:
    given = photos(*[("a", None)] * 20, *[("b", None)] * 40)
    parts = divide(given, TrainingSettings(test_share=0.2, validation_share=share))
    assert Counter(photo.label for photo in parts.test) == {"a": 4, "b": 8}
    assert Counter(photo.label for photo in parts.validation) == validated


def test_the_data_sets_own_test_split_stays_the_test_split() -> None:
    given = photos(*[(label, split) for label in "ab" for split in ("train",) * 9 + ("test",) * 3])
    parts = divide(given, TrainingSettings())
    assert {photo.split for photo in (*parts.train, *parts.validation)} == {"train"}
    assert [photo.split for photo in parts.test] == ["test"] * 6
    other = divide(given, TrainingSettings(seed=1))
    assert other.test == parts.test
    assert other.validation != parts.validation


def test_the_data_sets_own_validation_split_is_the_validation_part() -> None:
    given = photos(
        *[(label, split) for label in "ab" for split in ("train",) * 9 + ("validation", "test")]
    )
    parts = divide(given, TrainingSettings())
    assert [photo.split for photo in parts.train] == ["train"] * 18
    assert [photo.split for photo in parts.validation] == ["validation"] * 2
    assert [photo.split for photo in parts.test] == ["test"] * 2


def test_what_was_found_is_said() -> None:
    given = photos(*[(label, split) for label in "ab" for split in ("train", "train", "test")])
    assert found_lines(given) == [
        "2 classes, 6 images; splits: train 4, test 2",
        "images per class: a 3, b 3",
    ]
    many = photos(*[(f"{k:02}", None) for k in range(30) for _ in range(k + 1)])
    assert found_lines(many) == [
        "30 classes, 465 images; no splits",
        "images per class: the fewest 00 1, 01 2, 02 3; the most 27 28, 28 29, 29 30",
    ]
    half = photos(("a", "train"), ("a", "validation"), ("b", None))
    assert found_lines(half)[0].endswith("splits: train 1, validation 1, in no split 1")


@pytest.mark.parametrize(
    ("given", "choices", "says"),
    [
        (photos(("a", "train"), ("a", "test")), {}, "all of one class, 'a'"),
        (photos(("a", None), ("b", None)), {}, r"no test split.*--test-share 0\.2"),
        (photos(("a", "test"), ("b", "test")), {}, "0 labeled images to train on, none at all"),
        (photos(("a", "train"), ("a", "train"), ("b", "test")), {}, "all of one class"),
        (
            photos(("a", "train"), ("b", "train"), ("c", "test")),
            {},
            "1 classes that the training split has not, the first of them 'c'",
        ),
        (
            photos(("a", "train"), ("b", "train"), ("c", "validation"), ("a", "test")),
            {},
            "the validation split has 1 classes that the training split has not",
        ),
        (photos(("a", "train"), ("b", "train"), ("a", "test")), {}, "too few to part"),
        (photos(("a", None), ("b", None)), {"test_share": 0.5}, "too few to part"),
    ],
)
def test_what_cannot_be_parted_gets_a_sentence(
    given: list[Photo], choices: dict[str, Any], says: str
) -> None:
    with pytest.raises(DatasetError, match=says):
        divide(given, TrainingSettings(**choices))


def test_a_share_beside_an_own_test_split_is_refused() -> None:
    given = photos(("a", "train"), ("b", "train"), ("a", "test"))
    with pytest.raises(SettingError, match="own test split"):
        divide(given, TrainingSettings(test_share=0.2))


@pytest.mark.parametrize(
    "choice",
    [
        {"epochs": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"label_smoothing": 1.0},
        {"validation_share": 0.0},
        {"test_share": 1.0},
        {"seed": -1},
        {"patience": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(choice: dict[str, Any]) -> None:
    (name,) = choice
    with pytest.raises(SettingError, match=name):
        TrainingSettings(**choice)


def test_a_few_photographs_are_spread_over_classes_and_splits() -> None:
    groups: list[tuple[str, Split | None]] = [("a", "train"), ("b", "train"), ("a", "test")]
    groups.append(("b", "test"))
    counts = (5, 3, 1, 4)
    every = photos(*(one for one, count in zip(groups, counts, strict=True) for _ in range(count)))
    few = spread(every, 7)
    assert [one.image.stem for one in few] == ["0", "1", "5", "6", "8", "9", "10"]
    assert spread(every, None) == every
    assert spread(every, 99) == every
