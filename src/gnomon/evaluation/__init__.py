"""How good the keypoints are, measured on annotated photographs."""

from gnomon.evaluation.inside import InsideScore, score_inside
from gnomon.evaluation.matching import Match, match
from gnomon.evaluation.metrics import PartScore, Score, score, score_classes, score_parts

__all__ = [
    "InsideScore",
    "Match",
    "PartScore",
    "Score",
    "match",
    "score",
    "score_classes",
    "score_inside",
    "score_parts",
]
