"""What a document claims is compared, and what is not so is found."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from documented.claims import claim_holds, unkept

from gnomon.evaluation.bootstrap import Interval


@pytest.mark.parametrize(
    ("value", "comment", "holds"),
    [
        (("macaw", 0.9094), '("macaw", 0.909)', True),
        (("macaw", 0.9106), '("macaw", 0.909)', False),
        (("cat", 0.909), '("macaw", 0.909)', False),
        (np.zeros((4, 2)), "(N,2) file pixels, best first", True),
        (np.zeros((4, 3)), "(N,2) file pixels, best first", False),
        (np.zeros((0, 2)), "(N,2) file pixels, best first", False),
        (Interval(0.0, 0.0, 0.0), "Interval(value, low, high)", True),
        (SimpleNamespace(value=1), "Interval(value, low, high)", False),
        (1, "a path -> int", True),
        (1, "a path -> str", False),
        (1, "best first", None),
    ],
)
def test_a_comment_holds_or_not(value: object, comment: str, holds: bool | None) -> None:
    assert claim_holds(value, comment) is holds


def test_a_path_that_is_not_there_is_found(tmp_path: Path) -> None:
    (tmp_path / "runs" / "a" / "salient").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "salient" / "table.png").touch()
    text = (
        "See `runs/a/report.html` and `runs/a/*`.\n\nIn `RUN/salient/`:\n\n"
        "| file | what |\n| --- | --- |\n| `table.png`, `.svg` | a table |\n"
    )
    assert unkept(text, tmp_path) == ["runs/*/salient/table.svg", "runs/a/report.html"]
