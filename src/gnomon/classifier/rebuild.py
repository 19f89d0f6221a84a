"""An untrained network for the tensors of a file: no larger than they are, and made of no more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from gnomon.classifier.sketch import sketch
from gnomon.classifier.source import Architecture
from gnomon.classifier.sources import build_network
from gnomon.classifier.state import State, fit, mismatch
from gnomon.errors import ClassifierError, GnomonError

SPARE = 1000
"""Parameters that a network may make and drop again while it is built."""


def rebuild(architecture: Architecture, state: State, what: str) -> nn.Module:
    """Build a network and load all of ``state`` into it.

    It is first built without memory, so that an architecture that is larger than the file costs
    nothing. ``ClassifierError`` where it is unknown or does not fit, in the words of ``what``.
    """
    try:
        with _at_most(2 * len(state) + SPARE):
            made = sketch(lambda: build_network(architecture))
    except GnomonError:
        raise
    except Exception as error:  # On a strange configuration, libraries raise any kind.
        raise ClassifierError(
            f"{what} is a damaged checkpoint: {architecture.spec} cannot be built ({error})"
        ) from error
    shapes = {name: tensor.shape for name, tensor in made.state_dict().items()}
    if shapes != {name: tensor.shape for name, tensor in state.items()}:
        raise ClassifierError(mismatch(made, state, what))
    network = build_network(architecture)
    fit(network, state, what)
    return network


@contextmanager
def _at_most(count: int) -> Iterator[None]:
    """Stop this thread at the next parameter after so many."""
    mine, made = threading.get_ident(), 0

    def note(module: nn.Module, name: str, parameter: nn.Parameter) -> None:
        nonlocal made
        if threading.get_ident() == mine:
            made += 1
            if made > count:
                raise ValueError("it has many more parameters than the file has tensors")

    handle = register_module_parameter_registration_hook(note)
    try:
        yield
    finally:
        handle.remove()
