"""evaluation.json: a run measured against annotations, every figure of it."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from gnomon.datasets.sample import Split
from gnomon.disk import Batch
from gnomon.evaluation import Consistency, Evaluation, PartRegression, Sanity
from gnomon.evaluation.evaluate import HEADLINE_ALPHA, HEADLINE_BUDGET
from gnomon.runs import RunInfo

FOLDER = "evaluation"


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


def write_record(files: Batch, evaluated: EvaluatedRun) -> None:
    """Write evaluation.json; what is unknown is null."""
    headline = {"budget": HEADLINE_BUDGET, "alpha": HEADLINE_ALPHA}
    values = {"headline": headline} | asdict(evaluated)
    text = json.dumps(known(values), indent=1, ensure_ascii=False, allow_nan=False)
    files.write(f"{FOLDER}/evaluation.json", (text + "\n").encode("utf-8", "replace"))


def known(value: Any) -> Any:
    """Put null, which JSON has, for NaN, which it has not."""
    if isinstance(value, dict):
        return {name: known(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [known(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
