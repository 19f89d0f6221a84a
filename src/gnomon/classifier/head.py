"""The tensors of a network whose shapes follow the number of classes."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from gnomon.classifier.sketch import sketch
from gnomon.classifier.source import Architecture, Build

Shapes = dict[str, torch.Size]


def shapes_of(build: Build, architecture: Architecture) -> Shapes:
    """Return the shape of each of a network's tensors by name."""
    network = sketch(lambda: build(architecture))
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def head_of(build: Build, architecture: Architecture) -> dict[str, int]:
    """Name the tensors whose shape follows the number of classes, and the dimension that does."""
    few = shapes_of(build, architecture)
    more = shapes_of(build, replace(architecture, n_classes=architecture.n_classes + 1))
    return {
        name: next(dim for dim, size in enumerate(shape) if size != more[name][dim])
        for name, shape in few.items()
        if shape != more[name]
    }


def count_classes(state: Mapping[str, Tensor], head: Mapping[str, int]) -> int | None:
    """Read the number of classes off a file's tensors; ``None`` where they do not tell."""
    counts = {
        state[name].shape[dim]
        for name, dim in head.items()
        if name in state and state[name].ndim > dim
    }
    return counts.pop() if len(counts) == 1 else None
