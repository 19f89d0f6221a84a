"""Weights files: read without free pickles, fitted exactly or refused with a sentence."""

from collections import OrderedDict
from collections.abc import Mapping
from os.path import isfile
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from gnomon.classifier.pickled import read_pickled
from gnomon.errors import ClassifierError

State = OrderedDict[str, Tensor]

WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "module",
    "weights",
    "params",
    "state_dict_ema",
    "model_ema",
    "ema",
)
"""Where training scripts keep the weights; those of the last step before their average."""

DEEPEST = 8
LISTED = 5


def read_state(path: Path) -> State:
    """Read named tensors from ``.safetensors`` or from what ``torch.save`` wrote.

    The usual wrappings (``{"state_dict": ...}``, ``{"model": ...}``, ...) are taken off, and what
    else lies beside the weights is passed over. ``ClassifierError`` for a missing or broken file,
    and for a pickle that holds more than data: those are never loaded.
    """
    if not isfile(path):
        raise ClassifierError(f"there is no weights file {str(path)!r}")
    if path.suffix != ".safetensors":
        return _unwrapped(read_pickled(path), path)
    try:
        return OrderedDict(load_file(path))
    except Exception as error:  # On damaged input, its reader raises any kind.
        raise ClassifierError(f"{str(path)!r} cannot be read as weights: {error}") from error


def _unwrapped(content: Any, path: Path) -> State:
    for _ in range(DEEPEST):
        content = _wrapped(content) or content
    if not _holds_tensors(content):
        raise ClassifierError(
            f"{str(path)!r} holds no state_dict (names and tensors);"
            " save one with torch.save(network.state_dict(), FILE)"
        )
    state = State((name, value) for name, value in content.items() if isinstance(value, Tensor))
    if hasattr(content, "_metadata"):
        state._metadata = content._metadata  # type: ignore[attr-defined]  # how torch marks versions
    return state


def _wrapped(content: Any) -> Mapping[str, Any] | None:
    """Find the weights in a mapping of a training's state; ``None`` where it is the weights."""
    if not isinstance(content, Mapping):
        return None
    inside = (content.get(name) for name in WRAPPERS)
    return next((one for one in inside if isinstance(one, Mapping) and one), None)


def _holds_tensors(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and all(isinstance(name, str) for name in content)
        and any(isinstance(value, Tensor) for value in content.values())
    )


def fit(network: nn.Module, state: State, what: str) -> None:
    """Load every tensor into ``network``; ``ClassifierError`` tells how ``what`` does not fit.

    Tensors that carry no module versions (safetensors) are taken to be of the current ones. A count
    of batches, which only training reads and old files lack, may be missing.
    """
    own = network.state_dict()
    if not hasattr(state, "_metadata"):
        state._metadata = own._metadata  # type: ignore[attr-defined]  # how torch marks versions
    for name, tensor in own.items():
        if name.endswith(".num_batches_tracked"):
            state.setdefault(name, tensor)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ClassifierError(mismatch(network, state, what)) from error


def mismatch(network: nn.Module, state: Mapping[str, Tensor], what: str) -> str:
    """Describe which tensors are missing, unexpected or of another shape, the first few by name."""
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
        f"{what} does not fit the network: of {len(own)} tensors,"
        f" {', '.join(said) or 'one cannot be copied'};"
        " name the model that the file was made for"
    )


def _few(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
