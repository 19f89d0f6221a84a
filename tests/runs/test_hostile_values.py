"""Each field of each JSON that a run holds, with each hostile value in turn."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from drawn import drawn_info
from hostile import as_json, limited, mutations, settled, watched

from gnomon.errors import GnomonError
from gnomon.runs import Event, RunInfo
from gnomon.runs.findings import RecordedEvaluation
from gnomon.runs.reader import Failure
from gnomon.strict_json import read_as

EVENT = {
    "kind": "moved",
    "image_id": "0123456789abcdef",
    "points": [1],
    "x": 1.5,
    "y": 2.0,
    "name": "beak",
    "at": "2026-01-01T00:00:00+00:00",
}
FAILURE = {"path": "a.jpg", "error": "ImageError", "message": "a.jpg: empty"}
SHARE = {"value": 0.5, "low": 0.4, "high": None}
EVALUATION = {
    "headline": {"budget": 15, "alpha": 0.1},
    "dataset": "cub:birds",
    "evaluation": {
        "images": 2,
        "methods": [
            {
                "method": "gnomon",
                "scores": [
                    {"budget": 15, "alpha": 0.1}
                    | dict.fromkeys(("precision", "recall", "f1", "error"), SHARE)
                ],
            }
        ],
    },
    "sanity": {"images": 1, "layers": 3, "stages": [{"survived": 0.5, "by_chance": 0.1}]},
}


class Held:
    """A store that holds one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __str__(self) -> str:
        return "runs/held"

    def read(self, name: str, most: int | None = None) -> bytes:
        return self.content


def account(content: bytes) -> RunInfo:
    return RunInfo.read(Held(content))  # type: ignore[arg-type]  # only `read` is called


def sentence(content: bytes, kind: type) -> object:
    try:
        return read_as(content, kind)
    except ValueError as error:
        raise GnomonError(str(error)) from error


READERS: dict[str, tuple[object, Callable[[bytes], object]]] = {
    "run.json": (asdict(drawn_info()), account),
    "review.jsonl": (EVENT, lambda content: sentence(content, Event)),
    "failures.jsonl": (FAILURE, lambda content: sentence(content, Failure)),
    "evaluation.json": (EVALUATION, lambda content: sentence(content, RecordedEvaluation)),
}


@pytest.mark.parametrize("file", READERS)
def test_a_value_is_taken_or_refused_with_one_sentence(file: str, tmp_path: Path) -> None:
    whole, read = READERS[file]
    whole = json.loads(json.dumps(whole))
    assert settled(lambda: read(as_json(whole))) is None
    refused = n_tried = 0
    with watched([tmp_path]), limited(60, 200):
        for name, value in mutations(whole):
            n_tried += 1
            try:
                refused += settled(lambda value=value: read(as_json(value))) is not None  # type: ignore[misc]
            except Exception as error:
                raise AssertionError(f"{name}: {error!r}") from error
    assert n_tried > 100
    assert refused > n_tried // 2
