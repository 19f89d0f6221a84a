"""`gnomon repeat` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnomon.evaluation.repeatability import TOLERANCES
from gnomon.evaluation.warps import WARPS

SAMPLES = Path(__file__).parents[2] / "samples"
QUICK = ("--device", "cpu", "--preset", "fast", "--side", 160, "--warps", 1)


def rows(folder: Path) -> dict[tuple[str, str], Any]:
    written = json.loads((folder / "repeat.json").read_text())
    assert written["tolerances"] == list(TOLERANCES)
    return {(row["warp"], row["method"]): row for row in written["rows"]}


def test_each_method_is_measured_under_each_warp(
    tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    words = (SAMPLES / "cat.jpg", broken, SAMPLES / "macaw.jpg", "--out", tmp_path / "out")
    assert run("repeat", *words, *QUICK) == 1, "one of three cannot be read"
    said = capsys.readouterr()
    assert said.out.rstrip().endswith(str(tmp_path / "out" / "repeat.png"))
    assert "broken.jpg" in said.err
    assert "similarity" in said.out
    found = rows(tmp_path / "out")
    methods = ("gnomon", "Shi-Tomasi", "SIFT", "chance")
    assert set(found) == {(warp, method) for warp in WARPS for method in methods}
    for (_, method), row in found.items():
        shares = [one["value"] for one in row["found"]]
        assert row["pairs"] == 2
        assert shares == sorted(shares)
        if method == "chance":
            assert shares[1] < 0.2
    similar = found["similarity", "gnomon"]
    assert similar["found"][1]["value"] > 0.4
    assert similar["known"] == 1, "every keypoint of the default has a covariance"
    assert found["similarity", "SIFT"]["held"] is None
    assert (tmp_path / "out" / "repeat.png").stat().st_size > 20_000


def test_the_first_photographs_are_taken_and_the_seed_is_that_of_the_warps(
    tmp_path: Path, run: Callable[..., int]
) -> None:
    records = []
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        words = (SAMPLES, "--limit", 1, "--seed", seed, "--out", tmp_path / name)
        assert run("repeat", *words, *QUICK, "--quiet") == 0
        records.append((tmp_path / name / "repeat.json").read_text())
    assert records[0] == records[1] != records[2]
    assert json.loads(records[0])["photographs"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--side", 8), "side is 8"),
        (("--warps", 0), "warps is 0"),
        (("--limit", -1), "limit is -1"),
        (("--preset", "fats"), "did you mean 'fast'"),
    ],
)
def test_what_is_out_of_range_is_one_sentence(
    words: tuple[Any, ...],
    says: str,
    tmp_path: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert run("repeat", SAMPLES / "cat.jpg", "--out", out, *words) == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_nothing_that_can_be_read_is_two(tmp_path: Path, run: Callable[..., int]) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    assert run("repeat", broken, "--out", tmp_path / "out", *QUICK, "--quiet") == 2
    assert not (tmp_path / "out").exists()
