"""Each fuzz target on a few hundred mutations of its seed: what `make fuzz` does, in seconds."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hostile import limited, settled, watched
from targets import TARGETS, Target

TOKENS = (
    b"null",
    b"-1",
    b"1e400",
    b"NaN",
    b"99999999999999999999",
    b'"',
    b"[",
    b"{",
    b"}",
    b",",
    b"\0",
    b"\xff",
    b"\n",
    b"../",
    b"\\ud800",
    b"<!DOCTYPE a>",
)
MUTATIONS = 120


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let targets make their folders in the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def mutated(seed: bytes, number: int) -> bytes:
    """Change a few places: bytes, tokens put in, stretches taken out or said twice."""
    rng = random.Random(number)
    content = bytearray(seed)
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        at = rng.randrange(len(content) + 1)
        end = min(len(content), at + rng.choice([1, 2, 8, 32]))
        match rng.randrange(4):
            case 0:
                content[at:end] = bytes(rng.randrange(256) for _ in range(end - at))
            case 1:
                content[at:at] = rng.choice(TOKENS)
            case 2:
                del content[at:end]
            case _:
                content[at:at] = content[at:end]
    return bytes(content)


def contents(target: Target) -> Iterator[bytes]:
    yield b""
    for cut in range(0, len(target.seed), max(1, len(target.seed) // 20)):
        yield target.seed[:cut]
    for number in range(MUTATIONS):
        yield mutated(target.seed, number)


@pytest.mark.filterwarnings("ignore::gnomon.errors.LeftOutWarning")
@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_a_sentence_says_why_not(name: str, home: Path) -> None:
    target = TARGETS[name]()
    said = settled(lambda: target(target.seed))
    assert said is None or name in ("checkpoint", "list-txt", "list-csv"), said
    with watched([home]), limited(seconds=60, megabytes=200):
        for content in contents(target):
            try:
                settled(partial(target, content))
            except BaseException as error:
                error.add_note(f"{name}: {content[:2000]!r}")
                raise
    shutil.rmtree(home)
