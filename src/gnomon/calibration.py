"""How sure gnomon is of a keypoint: a probability, fitted to photographs."""

import numpy as np

from gnomon.propose import FLOOR, Candidates
from gnomon.types import Floats

WEIGHTS = np.array([-1.818, 1.757, 0.461])
"""Of the logistic regression: constant, log focus, log structure. Fitted to 60 photographs each of
birds and cars: docs/quality.md."""


def confidence_of(candidates: Candidates) -> Floats:
    """Return the probability (N,) that each point is found again and lies on the object.

    Found again means within 2 pixels of 320 on a warped photograph; on the object, where people
    marked it. It is calibrated on photographs of birds and cars with the embedded classifier;
    elsewhere it orders points, and its level is a guess.
    """
    values: Floats = 1 / (1 + np.exp(-features(candidates) @ WEIGHTS))
    return values


def features(candidates: Candidates) -> Floats:
    """Return what the confidence is computed from (N,3)."""
    columns: Floats = np.stack(
        [
            np.ones(len(candidates)),
            np.log(candidates.focus),
            np.log(candidates.strength + FLOOR),
        ],
        axis=1,
    )
    return columns
