"""A classifier whose last layers have lost what they learnt."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import torch
from torch import nn

from gnomon.classifier import Classifier
from gnomon.classifier.copying import whole_copy


def weighted_layers(classifier: Classifier) -> tuple[str, ...]:
    """Name the modules that hold weights of their own, in the order in which they compute.

    A module that is never called itself stands where the module around it does.
    """
    modules = dict(classifier.network.named_modules())
    called: dict[str, int] = {}

    def note(name: str) -> None:
        called.setdefault(name, len(called))

    hooks = [
        module.register_forward_pre_hook(lambda *_, name=name: note(name))
        for name, module in modules.items()
    ]
    try:
        with torch.no_grad():
            classifier.logits(torch.rand((1, 3, *classifier.preprocessing.size)))
    finally:
        for hook in hooks:
            hook.remove()

    def place(name: str) -> int:
        while name not in called:
            name = name.rpartition(".")[0]
        return called[name]

    own = [name for name, module in modules.items() if _own_parameters(module)]
    return tuple(sorted(own, key=place))


def randomized(classifier: Classifier, layers: Sequence[str], seed: int = 0) -> Classifier:
    """Copy a classifier, weights included, and shuffle every weight tensor of ``layers``.

    Each tensor keeps its values and loses their places, so that signals keep their scale through a
    network of any depth. The shuffle depends on (seed, layer) alone; the given classifier is not
    touched.
    """
    network = whole_copy(classifier.network)
    for name in layers:
        random = torch.Generator().manual_seed(_seed(seed, name))
        for parameter in _own_parameters(network.get_submodule(name)):
            order = torch.randperm(parameter.numel(), generator=random).to(parameter.device)
            with torch.no_grad():
                parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
    return replace(classifier, network=network, name=f"{classifier.name}, shuffled")


def _own_parameters(module: nn.Module) -> list[nn.Parameter]:
    return list(module.parameters(recurse=False))


def _seed(seed: int, name: str) -> int:
    digest = sha256(f"{seed} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
