"""Would the tests notice? Small faults are planted one at a time, and the tests run.

    make mutants                        # 60 faults, one after another in a copy of the tree
    make mutants MUTANTS='--count 12 --seed 3 --modules gnomon/parts'

A fault is one operator, comparison, constant, call, return or pair of arguments, never a docstring
or a message. They are drawn evenly over the modules, by a seed. For each run the tests that mirror
the module, those that import it, those of its folder, and a few of the whole pipeline; slow tests
are left out, so the whole suite may notice more. What is recorded: which test noticed, or nothing.
"""

import argparse
import ast
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from measure import record

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {".git", ".venv", "runs", "test-output"}
"""What of the tree is not copied: nothing that make or a user made."""
ALWAYS = (
    "tests/test_locate.py",
    "tests/test_fusion.py",
    "tests/runs/test_runs.py",
    "tests/export/test_export.py",
    "tests/test_detector.py",
)
"""Fast tests of the whole, for every module."""
MESSAGES = {"print", "warn", "say", "debug", "info", "warning"}
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
}  # fmt: skip
NOTICED, SURVIVED, OUT_OF_TIME, UNFIT = "noticed", "survived", "out of time", "fails without it"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault: in ``module``, below src/, the bytes from ``start`` to ``end`` become ``new``."""

    module: str
    line: int
    kind: str
    old: str
    new: str
    start: int
    end: int

    def planted(self, source: bytes) -> bytes:
        """Return the module's source with the fault in it."""
        return source[: self.start] + self.new.encode() + source[self.end :]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tests made of a fault; ``by`` is the test that noticed.

    Or "the import", where no test could begin, or "no end", where only with the fault they go on.
    """

    mutation: Mutation
    verdict: str
    by: str


def mutations(module: str, source: bytes) -> list[Mutation]:
    """List the faults that can be planted in a module."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in _code(ast.parse(source)):
        for kind, other in _rivals(node):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            new = ast.unparse(other)
            if isinstance(other, ast.expr) and not isinstance(other, ast.Constant):
                new = f"({new})"
            old = source[start:end].decode()
            found.append(Mutation(module, node.lineno, kind, old, new, start, end))
    return found


def _code(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Walk over what computes: no types, no decorators, no text for people."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Assert):
        return
    if isinstance(node, ast.Call) and _name(node.func) in MESSAGES:
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    skipped = {"annotation", "returns", "decorator_list", "type_params"}
    for field, value in ast.iter_fields(node):
        if field not in skipped:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _code(child)


def _rivals(node: ast.expr | ast.stmt) -> Iterator[tuple[str, ast.expr | ast.stmt]]:
    """Make what could stand in a node's place by mistake."""
    match node:
        case ast.Compare(left=left, ops=[op, *ops], comparators=others) if type(op) in COMPARED:
            yield "comparison", ast.Compare(left, [COMPARED[type(op)](), *ops], others)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in COMPUTED:
            yield "operator", ast.BinOp(left, COMPUTED[type(op)](), right)
        case ast.BoolOp(op=op, values=values):
            yield "operator", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield "operator", operand
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield "constant", ast.Constant(value + 1)
        case ast.Constant(value=float(value)):
            yield "constant", ast.Constant(2 * value or 1.0)
        case ast.Call(func=func, args=[one, other, *rest], keywords=keywords) if not any(
            isinstance(each, ast.Starred) for each in (one, other)
        ):
            yield "arguments", ast.Call(func, [other, one, *rest], keywords)
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return", ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call(func=func)) if _name(func) not in MESSAGES:
            yield "call", ast.Pass()


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def drawn(everything: Iterable[list[Mutation]], count: int, seed: int) -> list[Mutation]:
    """Draw faults, one of each module in turn, and of a module each kind as likely."""
    choice = random.Random(seed)
    left = [list(one) for one in everything if one]
    chosen: list[Mutation] = []
    while left and len(chosen) < count:
        choice.shuffle(left)
        for module in left[: count - len(chosen)]:
            kind = choice.choice(sorted({one.kind for one in module}))
            one = choice.choice([each for each in module if each.kind == kind])
            module.remove(one)
            chosen.append(one)
        left = [one for one in left if one]
    return chosen


def mirrors_of(module: str) -> list[str]:
    """List the tests to run for a module, the likeliest first."""
    path = Path(module)
    folder = Path("tests", *path.parts[1:-1])
    mirror = sorted((ROOT / folder).glob(f"test_{path.stem}*.py"))
    name = re.escape(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    known = re.compile(rf"\b{name}\b(?!\.)")
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    importing = [one for one in files if known.search(one.read_text(encoding="utf-8"))]
    below = sorted((ROOT / folder).glob("test_*.py")) if len(path.parts) > 2 else []
    ordered = [str(one.relative_to(ROOT)) for one in (*mirror, *importing, *below)]
    return list(dict.fromkeys([*ordered, *ALWAYS]))


def judged(mutation: Mutation, home: Path, seconds: float) -> Outcome:
    """Plant a fault in the copy at ``home``, run the tests, and take it out again."""
    file = home / "src" / mutation.module
    source, tests = file.read_bytes(), mirrors_of(mutation.module)
    try:
        file.write_bytes(mutation.planted(source))
        status, failed = _run(home, tests, seconds)
    finally:
        file.write_bytes(source)
    if status is None:
        status, _ = _run(home, tests, seconds)
        return Outcome(mutation, *((NOTICED, "no end") if status == 0 else (OUT_OF_TIME, "")))
    if status == 0:
        return Outcome(mutation, SURVIVED, "")
    status, _ = _run(home, [failed] if failed else ["--collect-only", *tests], seconds)
    return Outcome(mutation, NOTICED if status == 0 else UNFIT, failed or "the import")


def _run(home: Path, tests: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """Run tests up to the first failure: its exit status, ``None`` out of time, and its name."""
    path = os.pathsep.join((str(home / "src"), os.environ.get("PYTHONPATH", "")))
    words = ("-x", "-rfE", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist")
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            (sys.executable, "-m", "pytest", *words, *tests),
            cwd=home,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        said.seek(0)
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", said.read(), re.MULTILINE)
    return status, failed[1] if failed else ""


def main() -> None:
    """Draw faults, judge each, and record them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60, help="how many faults")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--seconds", type=float, default=300.0, help="of the tests of one fault")
    parser.add_argument("--modules", default="gnomon", help="where, for example gnomon/parts")
    given = parser.parse_args()
    files = sorted((ROOT / "src").rglob("*.py"))
    modules = [file.relative_to(ROOT / "src").as_posix() for file in files]
    everything = [
        mutations(module, file.read_bytes())
        for module, file in zip(modules, files, strict=True)
        if module.startswith(given.modules)
    ]
    outcomes = []
    if not any(everything):
        parser.error(f"no module's name begins with {given.modules}")
    with tempfile.TemporaryDirectory() as place:
        home = Path(shutil.copytree(ROOT, Path(place, "tree"), ignore=_left_out))
        for mutation in drawn(everything, given.count, given.seed):
            outcome = judged(mutation, home, given.seconds)
            outcomes.append(outcome)
            where = f"{mutation.module}:{mutation.line}"
            print(f"{outcome.verdict:16} {where:40} {_short(mutation)}  {outcome.by}", flush=True)
    counts = Counter(outcome.verdict for outcome in outcomes)
    chosen = {"count": given.count, "seed": given.seed, "modules": given.modules}
    record(
        "mutants",
        {**chosen, "verdicts": dict(counts), "faults": [asdict(one) for one in outcomes]},
        ("pytest",),
    )


def _left_out(folder: str, names: list[str]) -> set[str]:
    here = LEFT_OUT if Path(folder) == ROOT else set()
    return {one for one in names if one in here or one == "__pycache__" or one.endswith("_cache")}


def _short(mutation: Mutation) -> str:
    old, new = (" ".join(text.split())[:50] for text in (mutation.old, mutation.new))
    return f"{old} -> {new}"


if __name__ == "__main__":
    main()
