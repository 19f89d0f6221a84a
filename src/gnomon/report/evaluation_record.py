"""evaluation.json: a run measured against annotations, every figure of it."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gnomon.datasets.sample import Split
from gnomon.errors import RunError
from gnomon.evaluation import Consistency, Evaluation, PartRegression, Sanity
from gnomon.evaluation.evaluate import HEADLINE_ALPHA, HEADLINE_BUDGET
from gnomon.runs import RunInfo
from gnomon.runs.files import write_whole


@dataclass(frozen=True, slots=True)
class EvaluatedRun:
    """What was evaluated, against what, and the outcome.

    ``absent`` are the run's images that the data set does not have, ``other_split`` how many it has
    in another split than the one asked for; ``sanity`` is ``None`` where it was not asked for,
    ``parts`` where the run has none, ``part_regression`` also where it has seen but one split.
    """

    run: RunInfo
    dataset: str
    split: Split | None
    absent: tuple[str, ...]
    other_split: int
    evaluation: Evaluation
    sanity: Sanity | None
    parts: Consistency | None = None
    part_regression: PartRegression | None = None


def evaluation_folder(run: Path) -> Path:
    """Make ``evaluation/`` in a run's folder; ``RunError`` where it cannot be made."""
    folder = run / "evaluation"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder} cannot be written: {error}") from error
    return folder


def write_record(folder: Path, evaluated: EvaluatedRun) -> Path:
    """Write evaluation.json into ``folder`` and return its path; what is unknown is null."""
    headline = {"budget": HEADLINE_BUDGET, "alpha": HEADLINE_ALPHA}
    values = {"headline": headline} | asdict(evaluated)
    path = folder / "evaluation.json"
    text = json.dumps(_known(values), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode("utf-8", "replace"))
    return path


def _known(value: Any) -> Any:
    """Put null, which JSON has, for NaN, which it has not."""
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
