"""Annotation files with one thing wrong: refused, or read without losing what is right in them."""

from pathlib import Path

import pytest
from mutated.outcomes import refused
from mutated.subjects import DATASETS


@pytest.mark.parametrize("kind", DATASETS)
def test_one_wrong_thing_loses_nothing_else(kind: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    assert refused(DATASETS[kind](tmp_path / "set")) > 0
