"""A sentence that lists something lists it, also where there is nothing to list."""

from pathlib import Path

import pyarrow as pa
import pytest
import torch
from torch import nn

from gnomon.arguments import checked
from gnomon.classifier.scorer import make_scorer
from gnomon.classifier.state import mismatch
from gnomon.errors import ArgumentError, ClassifierError, DatasetError, GnomonError
from gnomon.scale.columns import path_column


@checked
def nothing() -> None:
    """Take no argument."""


class Empty(nn.Module):
    """A network that returns a dictionary of nothing."""

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {}


def test_no_allowed_name_is_said() -> None:
    with pytest.raises(ArgumentError, match=r"unknown argument 'size'\. Allowed: none$"):
        nothing(size=1)  # type: ignore[call-arg]  # wrong on purpose
    with pytest.raises(ArgumentError, match=r"its arguments are: none$"):
        nothing(1)  # type: ignore[call-arg]  # wrong on purpose


def test_no_column_is_said() -> None:
    with pytest.raises(DatasetError, match=r"its columns: none. Name one of them"):
        path_column(pa.schema([]).names, "list.csv")


def test_no_entry_is_said() -> None:
    with pytest.raises(ClassifierError, match="with the entries none;"):
        make_scorer(Empty(), torch.zeros(2, 3, 8, 8), "mine")


def test_tensors_that_fit_by_name_and_shape_and_still_cannot_be_copied() -> None:
    layer = nn.Linear(2, 2)
    said = mismatch(layer, layer.state_dict(), "'w.pth'")
    assert said.startswith("'w.pth' does not fit the network: of 2 tensors, one cannot be copied;")


@pytest.mark.parametrize("kind", [GnomonError, DatasetError])
def test_an_error_shows_its_sentence(kind: type[GnomonError], tmp_path: Path) -> None:
    assert repr(kind("a\nb")) == f"{kind.__name__}('a b')"
