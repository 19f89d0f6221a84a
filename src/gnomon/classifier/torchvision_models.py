"""``torchvision/NAME``: torchvision's image classifiers, with its own weights."""

import re
import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from gnomon.classifier.alignment import aligned
from gnomon.classifier.head import count_classes, head_of, shapes_of
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Architecture, Loaded, unknown_model
from gnomon.classifier.state import State, fit, read_state
from gnomon.classifier.transforms import as_preprocessing
from gnomon.errors import ClassifierError

AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")
WITH_AUXILIARY = ("googlenet", "inception_v3")
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def load(name: str, weights: Path | None) -> Loaded:
    """Load NAME with torchvision's default weights, or with those in a file.

    The number of classes is read from the file. One under the name of another of torchvision's
    weights gets that one's preprocessing. Auxiliary heads, which only training uses, are left out.
    """
    known = weights_of(name)
    if weights is None:
        fetched = _current(name, _fetched(name, known.DEFAULT))
        loaded = blank(name)
        fit(loaded.network, fetched, loaded.name)
        return loaded
    chosen = next((w for w in known if Path(w.url).name == weights.name), known.DEFAULT)
    state, architecture = _read(name, weights, Architecture(f"torchvision/{name}", _count(chosen)))
    network = build(architecture)
    fit(network, state, repr(str(weights)))
    return _loaded(architecture, network, chosen)


def blank(name: str) -> Loaded:
    """Make NAME as its default weights would have it, with random ones."""
    weights = weights_of(name).DEFAULT
    architecture = Architecture(f"torchvision/{name}", _count(weights))
    return _loaded(architecture, build(architecture), weights)


def _loaded(architecture: Architecture, network: nn.Module, weights: Any) -> Loaded:
    class_names = weights.meta["categories"] if architecture.n_classes == _count(weights) else ()
    return Loaded(
        architecture.spec, network, _preprocessing(weights), tuple(class_names), architecture
    )


def _read(name: str, file: Path, usual: Architecture) -> tuple[State, Architecture]:
    """Read a file's tensors by the network's names, and the architecture of so many classes."""
    state = _current(name, aligned(read_state(file), shapes_of(build, usual)))
    n_classes = count_classes(state, head_of(build, usual))
    return state, replace(usual, n_classes=n_classes or usual.n_classes)


def build(architecture: Architecture) -> nn.Module:
    """Make the untrained network, as its default weights want it, without auxiliary heads."""
    from torchvision.models import get_model

    name = architecture.spec.removeprefix("torchvision/")
    known = weights_of(name)
    options: dict[str, Any] = {"num_classes": architecture.n_classes}
    if name in WITH_AUXILIARY:
        options |= {"aux_logits": False, "init_weights": False, "transform_input": True}
    if name.startswith("vit_"):
        options |= {"image_size": known.DEFAULT.transforms().crop_size[0]}
    network: nn.Module = get_model(name, weights=None, **options)
    return network


def names() -> list[str]:
    """List every ``torchvision/NAME``."""
    from torchvision import models

    return [f"torchvision/{name}" for name in models.list_models(module=models)]


def weights_of(name: str) -> Any:
    """Return torchvision's enumeration of a model's weights; ``ClassifierError`` if none."""
    from torchvision import models

    spec = f"torchvision/{name}"
    if spec not in (known := names()):
        allowed = "what torchvision.models.list_models(module=torchvision.models) lists"
        raise ClassifierError(unknown_model(spec, known, allowed))
    return models.get_model_weights(name)


def _count(weights: Any) -> int:
    return len(weights.meta["categories"])


def _fetched(name: str, weights: Any) -> State:
    try:
        state: State = weights.get_state_dict(
            progress=sys.stderr.isatty(), check_hash=True, map_location="cpu", weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise ClassifierError(
            f"torchvision/{name} needs its weights file {Path(weights.url).name}, which could not"
            f" be fetched ({error}); get it from {weights.url} on another machine and give it"
            " with --weights FILE (weights=FILE in Python)"
        ) from error
    return state


def _current(name: str, state: State) -> State:
    """Rename what old files name otherwise, and leave out auxiliary heads."""
    kept: State = OrderedDict()
    for key, tensor in state.items():
        if not (name in WITH_AUXILIARY and key.startswith(AUXILIARY)):
            kept[OLD_DENSENET.sub(r"\1\2", key) if name.startswith("densenet") else key] = tensor
    if hasattr(state, "_metadata"):
        kept._metadata = state._metadata  # type: ignore[attr-defined]  # how torch marks versions
    return kept


def _preprocessing(weights: Any) -> Preprocessing:
    return replace(as_preprocessing(weights.transforms()), resize="squash")
