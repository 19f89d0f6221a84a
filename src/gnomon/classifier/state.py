"""Weights files: read without free pickles, fitted exactly or refused with a sentence."""

import pickle
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from gnomon.errors import ClassifierError

State = OrderedDict[str, Tensor]
WRAPPERS = ("state_dict", "model")


def read_state(path: Path) -> State:
    """Read named tensors from ``.safetensors`` or from what ``torch.save(state_dict)`` wrote.

    The usual wrappings (``{"state_dict": ...}``, ``{"model": ...}``, ``module.`` before each name)
    are taken off. ``ClassifierError`` for a missing or broken file, and for a pickle that holds
    more than tensors: those are never loaded.
    """
    if not path.is_file():
        raise ClassifierError(f"there is no weights file {str(path)!r}")
    try:
        if path.suffix == ".safetensors":
            return OrderedDict(load_file(path))
        with warnings.catch_warnings():
            # Other protocols are read too; what cannot be read is an error all the same.
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ClassifierError(
            f"{str(path)!r} is no file of tensors alone, and gnomon loads no other pickles;"
            " save its state_dict() with torch.save, or as .safetensors"
        ) from None
    except Exception as error:  # On damaged input, their readers raise any kind.
        raise ClassifierError(f"{str(path)!r} cannot be read as weights: {error}") from error
    return _unwrapped(content, path)


def _unwrapped(content: Any, path: Path) -> State:
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(value, Tensor) for value in content.values())
    ):
        raise ClassifierError(
            f"{str(path)!r} holds no state_dict (names and tensors);"
            " save one with torch.save(network.state_dict(), FILE)"
        )
    if not all(name.startswith("module.") for name in content):
        return content if isinstance(content, OrderedDict) else OrderedDict(content)
    return OrderedDict((name.removeprefix("module."), value) for name, value in content.items())


def fit(network: nn.Module, state: State, what: str) -> None:
    """Load every tensor into ``network``; ``ClassifierError`` tells how ``what`` does not fit.

    Tensors that carry no module versions (safetensors) are taken to be of the current ones.
    """
    if not hasattr(state, "_metadata"):
        state._metadata = network.state_dict()._metadata  # type: ignore[attr-defined]  # how torch marks versions
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ClassifierError(mismatch(network, state, what)) from error


def mismatch(network: nn.Module, state: Mapping[str, Tensor], what: str) -> str:
    """Say which tensors are missing, unexpected or of another shape, the first few by name."""
    own = network.state_dict()
    shapes = [
        f"{name} {tuple(state[name].shape)} for {tuple(tensor.shape)}"
        for name, tensor in own.items()
        if name in state and state[name].shape != tensor.shape
    ]
    faults = [
        ("missing", [name for name in own if name not in state]),
        ("unexpected", [name for name in state if name not in own]),
        ("of another shape", shapes),
    ]
    said = [f"{len(names)} {kind} ({_few(names)})" for kind, names in faults if names]
    return (
        f"{what} does not fit the network: of {len(own)} tensors, {', '.join(said)};"
        " name the model that the file was made for, and all its class names if they are not"
        " the usual ones"
    )


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
