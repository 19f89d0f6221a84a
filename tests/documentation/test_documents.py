"""Every command of README and docs/, typed as it stands; what stands in is in ``table.py``."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from documented.blocks import blocks, commands, documents
from documented.reader import ROOT, Reader
from documented.table import GIVEN, STAND_INS, stood_in

import gnomon
from gnomon.runs import read_review
from gnomon.web.bench import Bench

DOCUMENTS = documents(ROOT)
CLAIMS = {"README.md": 3, "docs/evaluation.md": 3, "docs/images.md": 1, "docs/parts.md": 1}
"""How many values of a document's Python are compared to what stands beside them."""
Served = list[Bench]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with `gnomon` on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{Path(sys.executable).parent}", prepend=":")
    torch.set_num_threads(1)
    return tmp_path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Collect what `gnomon serve` would show; it returns when the page would answer."""
    shown: Served = []
    monkeypatch.setattr("gnomon.web.serve.build", lambda bench, _: shown.append(bench))
    monkeypatch.setattr("gnomon.web.serve.listen", lambda *given: given[-1]())
    return shown


@pytest.fixture
def buckets(s3: Any, here: Path) -> None:
    """Put two photographs into a bucket, and make the one for results."""
    from documented.given import photographs

    photographs(here / "in-the-bucket", "macaw", "cat")
    for bucket in ("birds", "results"):
        if s3.exists(bucket):
            s3.rm(bucket, recursive=True)
        s3.makedirs(bucket)
    s3.put(f"{here / 'in-the-bucket'}/", "birds/", recursive=True)


def review_line(_: Served) -> None:
    (block,) = (one for one in blocks(DOCUMENTS["docs/serve.md"]) if one.language == "json")
    Path("review.jsonl").write_text(block.text)
    (event,) = read_review(Path("review.jsonl")).events
    assert (event.kind, event.points, event.x) == ("moved", (3,), 215.6)


def synopsis(_: Served) -> None:
    (block,) = (one for one in blocks(DOCUMENTS["docs/interop.md"]) if one.language == "text")
    for line in block.text.splitlines():
        verb, *words = line.split()[1:]
        typed = re.findall(r"--([a-z-]+)", " ".join(words))
        known = gnomon.cli.VERBS[verb].__annotations__
        assert {one.replace("-", "_") for one in typed} <= set(known), line


def trained_files(served: Served) -> None:
    """See what docs/training.md says of the folder, the page, and the weights from elsewhere."""
    (block,) = (one for one in blocks(DOCUMENTS["docs/training.md"]) if one.language == "text")
    for line in block.text.splitlines():
        names = re.split(r"\s{2,}", line)[0].split(", ")
        stem = names[0].rpartition(".")[0]
        for name in names:
            path = Path("birds") / (stem + name if name.startswith(".") else name)
            assert path.exists() or path.name == "version_N", line
    assert Path("birds/logs/version_0/metrics.csv").exists()
    birds = gnomon.read_run("runs/birds")
    assert birds.info.classifier == "birds"
    assert birds.part_names
    (bench,) = served
    assert bench.models[0] == "birds"
    assert "model.safetensors" not in bench.models
    detector = bench.detector("birds", birds.info.settings)
    assert detector.classifier.weights_sha256 == birds.info.weights_sha256
    mine = gnomon.read_run("runs/mine")
    assert mine.info.class_names == ("sparrow", "finch", "wren")
    assert mine.info.outputs == "logits"
    again = gnomon.runs.rebuild_detector(mine.info, weights=Path("mine.pth"), device="cpu")
    assert again.classifier.class_names == ("sparrow", "finch", "wren")


AFTER: dict[str, Callable[[Served], None]] = {
    "docs/serve.md": review_line,
    "docs/interop.md": synopsis,
    "docs/training.md": trained_files,
}
"""What else a document says of what came out."""


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_does_what_the_document_says(
    name: str, here: Path, served: Served, request: pytest.FixtureRequest
) -> None:
    if "s3://" in DOCUMENTS[name]:
        request.getfixturevalue("buckets")
    reader = Reader(name, here)
    reader.follow(DOCUMENTS[name])
    if name in AFTER:
        AFTER[name](served)
    assert reader.claims == CLAIMS.get(name, 0)


def test_each_block_names_its_language() -> None:
    for name, text in DOCUMENTS.items():
        found = {one.language for one in blocks(text)}
        assert found <= {"sh", "python", "json", "text"}, name
        assert text.count("\n```") == 2 * len(blocks(text)), (
            f"{name} has a block that is not closed"
        )


def test_every_stand_in_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(GIVEN) == {
        name
        for name, text in DOCUMENTS.items()
        if {one.language for one in blocks(text)} != {"text"}
    }
    needed = set()
    for one in STAND_INS:
        if one.before is not None:
            monkeypatch.setattr("documented.given.corrected_tasks", lambda *_: None)
    for text in DOCUMENTS.values():
        for block in blocks(text):
            each = [one.text for one in commands(block.text)] if block.language == "sh" else []
            for typed in [*each, *([block.text] if block.language == "python" else [])]:
                needed |= {one.pattern for one in stood_in(typed, tmp_path)[1]}
    assert [one.pattern for one in STAND_INS if one.pattern not in needed] == []
