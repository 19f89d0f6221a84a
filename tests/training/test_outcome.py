import csv
from io import StringIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from gnomon.figures import png
from gnomon.training.outcome import Confusion

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@settings(derandomize=True, deadline=None)
@given(PAIRS)
def test_counts_and_accuracies_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = map(list, zip(*pairs, strict=True))
    confusion = Confusion.of(labels, predicted, ("a", "b", "c", "d"))
    wanted = confusion_matrix(labels, predicted, labels=range(4))
    np.testing.assert_array_equal(confusion.counts, wanted)
    assert confusion.accuracy == pytest.approx(accuracy_score(labels, predicted))
    recalls = recall_score(
        labels, predicted, labels=range(4), average=None, zero_division=float("nan")
    )
    np.testing.assert_allclose(confusion.per_class, recalls)


def test_the_tables_say_what_was_counted() -> None:
    names = ("gull, great", "tern", "auk")
    confusion = Confusion.of([0, 0, 0, 1, 1], [0, 1, 1, 1, 1], names)
    rows = list(csv.reader(StringIO(confusion.csv())))
    assert rows[0][1:] == list(names)
    assert [row[1:] for row in rows[1:]] == [["1", "2", "0"], ["0", "2", "0"], ["0", "0", "0"]]
    rows = list(csv.reader(StringIO(confusion.per_class_csv())))
    assert rows[1] == ["gull, great", "3", "0.3333", "tern"]
    assert rows[2] == ["tern", "2", "1.0000", ""]
    assert rows[3] == ["auk", "0", "nan", ""]


@pytest.mark.parametrize("n_classes", [2, 40, 200])
def test_the_matrix_is_drawn_for_few_classes_and_many(n_classes: int) -> None:
    labels = list(range(n_classes))
    confusion = Confusion.of(labels, labels[::-1], tuple(f"class {k}" for k in labels))
    assert png(confusion.figure()).startswith(b"\x89PNG")
