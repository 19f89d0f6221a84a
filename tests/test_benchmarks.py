"""`make bench` runs every benchmark that needs nothing given."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from measure import present

ROOT = Path(__file__).parents[1]
NEED_A_RUN = {"parts", "parts_picture", "parts_speed"}
MADE_ALONE = {"mutants"}


def test_make_bench_names_every_script() -> None:
    lines = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    (named,) = re.findall(r"^BENCHMARKS := (.*)$", lines, re.MULTILINE)
    files = (ROOT / "benchmarks").glob("*.py")
    scripts = {file.stem for file in files if '__name__ == "__main__"' in file.read_text()}
    assert set(named.split()) == scripts - NEED_A_RUN - MADE_ALONE
    for name in MADE_ALONE:
        assert f"\n{name}: .venv/dev\n\t$(BIN)/python benchmarks/{name}.py" in lines


def test_a_benchmark_without_its_photographs_says_so_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert present(tmp_path) == tmp_path
    with pytest.raises(SystemExit) as ended:
        present(tmp_path / "cub10")
    assert ended.value.code == 0
    assert "skipped" in capsys.readouterr().err


@pytest.mark.slow
def test_the_script_for_a_gpu_runs_small_on_any_machine(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    done = subprocess.run(
        ["bash", ROOT / "benchmarks" / "gpu.sh", "--self-test", "--out", out],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = json.loads(out.read_text())
    (engine,) = written["engines"]
    assert engine["apart"] < 1e-4, "exact"
    assert engine["windows"] == 49
    assert engine["incremental_seconds"] > 0
    ways = {(row["way"], row["at_a_time"]) for row in written["detections"]}
    assert ways == {(way, count) for way in ("default", "fast", "whole map") for count in (1, 2)}
    assert all(row["images_a_second"] > 0 for row in written["detections"])
