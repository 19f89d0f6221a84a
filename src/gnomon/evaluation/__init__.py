"""How good the keypoints are, measured on annotated photographs."""

from gnomon.evaluation.baselines import BASELINES, Baseline
from gnomon.evaluation.evaluate import Evaluation, MethodScore, evaluate
from gnomon.evaluation.grad_cam import grad_cam_peaks
from gnomon.evaluation.guided_peaks import guided_peaks
from gnomon.evaluation.inside import InsideScore, score_inside
from gnomon.evaluation.matching import Match, match
from gnomon.evaluation.metrics import PartScore, Score, score, score_classes, score_parts
from gnomon.evaluation.part_regression import (
    PartRegression,
    RegressionError,
    Targets,
    first_landmarks,
    regress,
    regress_parts,
)
from gnomon.evaluation.parts import Agreement, Consistency, consistency
from gnomon.evaluation.sanity import Sanity, check_sanity

__all__ = [
    "BASELINES",
    "Agreement",
    "Baseline",
    "Consistency",
    "Evaluation",
    "InsideScore",
    "Match",
    "MethodScore",
    "PartRegression",
    "PartScore",
    "RegressionError",
    "Sanity",
    "Score",
    "Targets",
    "check_sanity",
    "consistency",
    "evaluate",
    "first_landmarks",
    "grad_cam_peaks",
    "guided_peaks",
    "match",
    "regress",
    "regress_parts",
    "score",
    "score_classes",
    "score_inside",
    "score_parts",
]
