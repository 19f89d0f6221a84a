"""What a source of classifiers gives, and what a network is rebuilt from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import nn

from gnomon.classifier.preprocessing import Preprocessing
from gnomon.presets import Outputs


@dataclass(frozen=True, slots=True)
class Architecture:
    """What rebuilds an untrained network: ``"torchvision/vgg19"`` and a number of classes.

    ``config`` is the JSON that a Hugging Face network needs, empty for the others.
    """

    spec: str
    n_classes: int
    config: str = field(default="", repr=False)


@runtime_checkable
class Exported(Protocol):
    """What ``torch.export.export`` gives: a program that becomes a network by ``module()``."""

    graph_signature: Any

    def module(self) -> nn.Module:
        """Make the network."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """What beside its name leads to a classifier again.

    ``weights`` is the full path of the file that its weights were read from, empty for those that
    come with the name; ``class_names`` are those that its user chose, none for its own.
    """

    weights: str = ""
    class_names: tuple[str, ...] = field(default=(), repr=False)


NOWHERE = Origin()


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A network with its weights, and all that is known about it; no ``class_names``: unnamed."""

    name: str
    network: nn.Module
    preprocessing: Preprocessing
    class_names: tuple[str, ...] = ()
    architecture: Architecture | None = None
    outputs: Outputs = "auto"
    origin: Origin = NOWHERE


Load = Callable[[str, Path | None], Loaded]
"""(name after the prefix, weights file) -> Loaded."""

Blank = Callable[[str], Loaded]
"""Name after the prefix -> the network as its own weights would have it, but with random ones."""

Build = Callable[[Architecture], nn.Module]
"""Architecture -> the untrained network."""


def unknown_model(spec: str, names: Iterable[str], allowed: str) -> str:
    """Describe an unknown model, which of many names are near, and what is allowed.

    >>> unknown_model("vg19", ["torchvision/vgg19"], "PREFIX/NAME")
    "unknown model 'vg19'; did you mean 'torchvision/vgg19'? Allowed: PREFIX/NAME"
    """
    specs: dict[str, list[str]] = {}
    for name in names:
        specs.setdefault(name.rpartition("/")[2], []).append(name)
    nearest = get_close_matches(spec.rpartition("/")[2], specs, n=3)
    known = [repr(name) for near in nearest for name in specs[near]]
    hint = f"did you mean {' or '.join(known)}? " if known else ""
    return f"unknown model {spec!r}; {hint}Allowed: {allowed}"
