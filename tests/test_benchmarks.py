"""`make bench` runs every benchmark that needs nothing given."""

import re
from pathlib import Path

import pytest

from measure import present

ROOT = Path(__file__).parents[1]
NEED_A_RUN = {"parts", "parts_picture", "parts_speed"}


def test_make_bench_names_every_script() -> None:
    lines = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    (named,) = re.findall(r"^BENCHMARKS := (.*)$", lines, re.MULTILINE)
    files = (ROOT / "benchmarks").glob("*.py")
    scripts = {file.stem for file in files if '__name__ == "__main__"' in file.read_text()}
    assert set(named.split()) == scripts - NEED_A_RUN


def test_a_benchmark_without_its_photographs_says_so_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert present(tmp_path) == tmp_path
    with pytest.raises(SystemExit) as ended:
        present(tmp_path / "cub10")
    assert ended.value.code == 0
    assert "skipped" in capsys.readouterr().err
