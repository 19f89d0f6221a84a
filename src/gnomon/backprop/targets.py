"""What is backpropagated: the derivative of a class's score with respect to the logits."""

from typing import get_args

import torch
from torch import Tensor

from gnomon.errors import SettingError, unknown_name
from gnomon.presets import Target


def cotangent(
    logits: Tensor, label_index: int, target: Target, *, multilabel: bool = False
) -> tuple[Tensor, Tensor]:
    """Split d score / d logits into a direction, largest entry 1, and a scale.

    ``logits`` (N,K). Returns the direction (N,K) and the scale (N,), float64 on the CPU.
    With c the class and q the softmax over the other classes alone, the direction is e_c - q and
    the scale p_c (1 - p_c) for the probability, 1 - p_c for its logarithm; for the logit they are
    e_c and 1. Neither factor cancels, so a probability that rounds to 1 keeps its direction, and a
    network in low precision never meets the small scale. For a ``multilabel`` network, whose
    classes stand each by itself, the direction is e_c.

    ``SettingError`` for an unknown target or a class out of range.
    """
    if target not in get_args(Target):
        raise SettingError(unknown_name("target", target, get_args(Target)))
    n, classes = logits.shape
    if not 0 <= label_index < classes:
        raise SettingError(
            f"label_index is {label_index}; the network has classes 0 to {classes - 1}"
        )
    logits = logits.detach().cpu().double()
    direction = torch.zeros_like(logits)
    direction[:, label_index] = 1
    if target == "logit":
        return direction, torch.ones(n, dtype=torch.float64)
    margin = logits[:, label_index]
    if not multilabel:
        others = logits.clone()
        others[:, label_index] = -torch.inf
        margin = margin - others.logsumexp(1)
        direction -= others.softmax(1)
    scale = torch.sigmoid(-margin)
    if target == "probability":
        scale = scale * torch.sigmoid(margin)
    return direction, scale
