"""``torchvision/NAME``: torchvision's image classifiers, with its own weights."""

import re
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

from torch import nn

from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Architecture, Loaded, unknown_model
from gnomon.classifier.state import State, fit, read_state
from gnomon.errors import ClassifierError

AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")
WITH_AUXILIARY = ("googlenet", "inception_v3")
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def load(name: str, weights: Path | None, n_classes: int | None) -> Loaded:
    """Load NAME with torchvision's default weights, or with those in a file.

    A file under the name of one of torchvision's other weights gets that one's preprocessing.
    Auxiliary heads, which only training uses, are left out.
    """
    spec, known = f"torchvision/{name}", weights_of(name)
    chosen = known.DEFAULT
    if weights is not None:
        chosen = next((w for w in known if Path(w.url).name == weights.name), chosen)
    class_names = tuple(chosen.meta["categories"])
    n_classes = n_classes if weights is not None and n_classes else len(class_names)
    architecture = Architecture(spec, n_classes)
    network = build(architecture)
    state = _fetched(name, chosen) if weights is None else read_state(weights)
    fit(network, _current(name, state), spec if weights is None else repr(str(weights)))
    if n_classes != len(class_names):
        class_names = ()
    return Loaded(spec, network, _preprocessing(chosen), class_names, architecture)


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
    """Give torchvision's weights of a model, an enumeration; ``ClassifierError`` if it has none."""
    from torchvision import models

    spec = f"torchvision/{name}"
    if spec not in (known := names()):
        allowed = "what torchvision.models.list_models(module=torchvision.models) lists"
        raise ClassifierError(unknown_model(spec, known, allowed))
    return models.get_model_weights(name)


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
    transforms = weights.transforms()
    (crop,), (resize,) = transforms.crop_size, transforms.resize_size
    return Preprocessing(
        size=(crop, crop),
        crop_fraction=crop / resize,
        interpolation=transforms.interpolation.value,
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
    )
