"""Faults are planted where code computes, and the tests that could notice are found."""

import ast
from pathlib import Path

import pytest

from mutants import ALWAYS, ROOT, Mutation, drawn, judged, mirrors_of, mutations

SOURCE = '''"""A docstring of 1 + 1."""

from typing import Annotated

Bounded = int

def halves(text: Annotated[str, 3], limit: int = 4, *, deep: bool = False) -> int:
    """Return 2 < 3."""
    print("é", limit - 1)
    if not text or limit <= 2.5:
        raise ValueError(f"{limit + 1} is too short", 7)
    text.strip()
    return min(limit, len(text)) // -limit if deep and limit in (1,) else 0.0
'''


def test_every_kind_of_fault_is_found_and_nothing_that_people_read() -> None:
    found = mutations("gnomon/a.py", SOURCE.encode())
    changes = {(one.line, one.kind, one.old, one.new) for one in found}
    whole = "min(limit, len(text)) // -limit if deep and limit in (1,) else 0.0"
    assert changes == {
        (7, "constant", "4", "5"),
        (7, "constant", "False", "True"),
        (10, "operator", "not text or limit <= 2.5", "(not text and limit <= 2.5)"),
        (10, "operator", "not text", "(text)"),
        (10, "comparison", "limit <= 2.5", "(limit < 2.5)"),
        (10, "constant", "2.5", "5.0"),
        (12, "call", "text.strip()", "pass"),
        (13, "return", f"return {whole}", "return None"),
        (13, "operator", "min(limit, len(text)) // -limit", "(min(limit, len(text)) * -limit)"),
        (13, "arguments", "min(limit, len(text))", "(min(len(text), limit))"),
        (13, "operator", "-limit", "(limit)"),
        (13, "operator", "deep and limit in (1,)", "(deep or limit in (1,))"),
        (13, "comparison", "limit in (1,)", "(limit not in (1,))"),
        (13, "constant", "1", "2"),
        (13, "constant", "0.0", "1.0"),
    }
    for one in found:
        planted = one.planted(SOURCE.encode())
        assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(SOURCE))
        assert planted.decode() == SOURCE.replace(one.old, one.new, 1) or SOURCE.count(one.old) > 1


def test_every_fault_of_the_package_is_code_that_can_be_read() -> None:
    for name in ("gnomon/parts/assign.py", "gnomon/web/password.py", "gnomon/peaks.py"):
        source = (ROOT / "src" / name).read_bytes()
        for one in mutations(name, source):
            ast.parse(one.planted(source))


def test_faults_are_drawn_evenly_and_by_a_seed() -> None:
    everything = [
        [Mutation(f"{name}.py", line, "call", "a()", "pass", 0, 3) for line in range(count)]
        for name, count in (("a", 50), ("b", 2), ("c", 50), ("d", 0))
    ]
    chosen = drawn(everything, 10, seed=0)
    assert drawn(everything, 10, seed=0) == chosen != drawn(everything, 10, seed=1)
    modules = [one.module for one in chosen]
    assert sorted(modules[:3]) == sorted(modules[3:6]) == ["a.py", "b.py", "c.py"]
    assert [modules.count(name) for name in ("a.py", "b.py", "c.py")] == [4, 2, 4]
    assert len(set(chosen)) == 10
    assert len(drawn(everything, 1000, seed=0)) == 102


def test_the_mirrors_of_a_module_are_its_mirror_and_what_imports_it() -> None:
    found = mirrors_of("gnomon/parts/assign.py")
    assert found[0] == "tests/parts/test_assign.py"
    assert "tests/parts/test_layout.py" in found, "of the same folder"
    assert mirrors_of("gnomon/peaks.py")[0] == "tests/test_peaks.py"
    camera = mirrors_of("gnomon/runs/records.py")
    assert "tests/runs/test_late_parts.py" in camera
    for module in ("gnomon/parts/assign.py", "gnomon/cli/terminal.py"):
        files = mirrors_of(module)
        assert files[-len(ALWAYS) :] == [one for one in files if one in ALWAYS]
        assert all(Path(ROOT, one).is_file() for one in files)


@pytest.mark.slow
def test_a_fault_is_noticed_survives_or_is_not_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = b"def double(x):\n    return x * 2 + 0\n"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "small.py").write_bytes(source)
    (tmp_path / "tests").mkdir()
    test = tmp_path / "tests" / "test_small.py"
    test.write_text("from small import double\n\ndef test_it():\n    assert double(3) == 6\n")
    monkeypatch.setattr("mutants.mirrors_of", lambda module: ["tests/test_small.py"])
    faults = {one.new: one for one in mutations("small.py", source)}
    noticed = judged(faults["3"], tmp_path, 60)
    assert (noticed.verdict, noticed.by) == ("noticed", "tests/test_small.py::test_it")
    assert judged(faults["(x * 2 - 0)"], tmp_path, 60).verdict == "survived"
    broken = Mutation("small.py", 1, "", "def", "raise", 0, 3)
    assert judged(broken, tmp_path, 60).verdict == "noticed"
    test.write_text("def test_it():\n    assert False\n")
    assert judged(faults["3"], tmp_path, 60).verdict == "fails without it"
    assert (tmp_path / "src" / "small.py").read_bytes() == source
