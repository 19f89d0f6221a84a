"""A network of any architecture with a new head, its other layers pretrained."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from gnomon.classifier import (
    Architecture,
    Classifier,
    Preprocessing,
    build_network,
    load_classifier,
)
from gnomon.errors import ClassifierError
from gnomon.images import Resize

HEAD_STD = 0.01


@dataclass(frozen=True, slots=True)
class Start:
    """Where a training of one network starts.

    ``weights`` a file for the network named by ``arch``, or ``None`` for its own; ``scratch``
    starts from random weights. ``size`` and ``resize`` change the preprocessing.
    """

    arch: str
    weights: Path | None = None
    scratch: bool = False
    size: tuple[int, int] | None = None
    resize: Resize | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Beginner:
    """An untrained classifier's parts; ``head`` names the parameters whose shapes follow K."""

    network: nn.Module
    architecture: Architecture
    preprocessing: Preprocessing
    head: frozenset[str]
    weights_sha256: str

    def classifier(self, class_names: tuple[str, ...], name: str) -> Classifier:
        """Make a classifier of the network as it stands."""
        return Classifier(
            self.network, self.preprocessing, class_names, name, architecture=self.architecture
        )


def beginner(start: Start, n_classes: int, seed: int) -> Beginner:
    """Build the network for ``n_classes``, pretrained but for its head, which the seed draws.

    ``ClassifierError`` for an unknown network, weights that are not at hand or do not fit, and an
    architecture that gnomon cannot build for another number of classes.
    """
    if start.scratch:
        if start.weights is not None:
            raise ClassifierError("--scratch starts from random weights; leave --weights out")
        source, preprocessing = None, Preprocessing().resized(start.size, start.resize)
        before = Architecture(start.arch, n_classes)
    else:
        try:
            source = load_classifier(
                start.arch, weights=start.weights, size=start.size, resize=start.resize
            )
        except ClassifierError as error:
            if "could not be fetched" in str(error):
                raise ClassifierError(
                    f"{error}; or start from random weights: --scratch"
                ) from error
            raise
        preprocessing = source.preprocessing
        if source.architecture is None:
            raise ClassifierError(
                f"gnomon does not know how to build {start.arch!r} for other classes; training"
                " takes torchvision/NAME, timm/NAME, embedded/NAME and gnomon's own checkpoints"
            )
        before = source.architecture
    if before.config:
        raise ClassifierError(
            f"{start.arch!r} is a Hugging Face network, which cannot be trained here; training"
            " takes torchvision/NAME, timm/NAME, embedded/NAME and gnomon's own checkpoints"
        )
    architecture = replace(before, n_classes=n_classes)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_network(architecture)
        head = _head(network, architecture)
        if source is not None:
            _take_over(source, network, head)
            _calm(network, head)
    digest = Classifier(network, preprocessing, architecture=architecture).weights_sha256
    return Beginner(network, architecture, preprocessing, head, digest)


def _head(network: nn.Module, architecture: Architecture) -> frozenset[str]:
    """Name the parameters whose shapes depend on the number of classes."""
    other = build_network(replace(architecture, n_classes=architecture.n_classes + 1))
    shapes = {name: tensor.shape for name, tensor in other.state_dict().items()}
    head = {name for name, tensor in network.state_dict().items() if tensor.shape != shapes[name]}
    if not head:
        raise ClassifierError(
            f"{architecture.spec} has no layer that follows the number of classes, so it cannot be"
            " trained as a classifier; name another network"
        )
    return frozenset(head)


def _calm(network: nn.Module, head: frozenset[str]) -> None:
    """Draw the new head small, so that every class begins about as probable as any other."""
    for name, parameter in network.named_parameters():
        if name in head:
            std = HEAD_STD if parameter.ndim > 1 else 0.0
            nn.init.normal_(parameter, std=std)


def _take_over(source: Classifier, network: nn.Module, head: frozenset[str]) -> None:
    given, own = source.network.state_dict(), network.state_dict()
    unlike = [
        n for n in own if n not in head and (n not in given or given[n].shape != own[n].shape)
    ]
    if unlike:
        raise ClassifierError(
            f"{source.name} cannot be given a new head: {len(unlike)} other tensors differ, the"
            f" first of them {unlike[0]}"
        )
    network.load_state_dict({name: own[name] if name in head else given[name] for name in own})
