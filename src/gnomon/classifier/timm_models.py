"""``timm/NAME``: the networks of timm, with its own weights."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from torch import nn

from gnomon.classifier.alignment import aligned
from gnomon.classifier.head import count_classes, head_of, shapes_of
from gnomon.classifier.imagenet import imagenet_names
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Architecture, Loaded, unknown_model
from gnomon.classifier.state import State, mismatch, read_state
from gnomon.errors import ClassifierError
from gnomon.images import Interpolation


def load(name: str, weights: Path | None) -> Loaded:
    """Load NAME, with or without a tag (``resnet18.a1_in1k``), with timm's weights or a file's.

    A file may be of any age that timm itself can bring up to date, and of any number of classes.
    """
    if weights is None:
        return _loaded(_usual(name), _fetched(name))
    usual = Architecture(f"timm/{name}", pretrained(name).num_classes or 2)
    state = aligned(read_state(weights), shapes_of(build, usual))
    n_classes = count_classes(state, head_of(build, usual))
    architecture = replace(usual, n_classes=n_classes) if n_classes else _usual(name)
    return _loaded(architecture, _filled(architecture, state, weights))


def blank(name: str) -> Loaded:
    """Make NAME as its own weights would have it, with random ones."""
    architecture = _usual(name)
    return _loaded(architecture, build(architecture))


def _usual(name: str) -> Architecture:
    n_classes = pretrained(name).num_classes
    if not n_classes:
        raise ClassifierError(
            f"timm/{name} has no classes, only features; train a classifier on it, or give a file"
            " with a head of your own with --weights"
        )
    return Architecture(f"timm/{name}", n_classes)


def _loaded(architecture: Architecture, network: nn.Module) -> Loaded:
    name = architecture.spec.removeprefix("timm/")
    usual = architecture.n_classes == pretrained(name).num_classes
    class_names = _class_names(network) if usual else ()
    return Loaded(architecture.spec, network, _preprocessing(network), class_names, architecture)


def build(architecture: Architecture) -> nn.Module:
    """Make the untrained network."""
    import timm

    name = architecture.spec.removeprefix("timm/")
    pretrained(name)
    network: nn.Module = timm.create_model(name, num_classes=architecture.n_classes)
    return network


def names() -> list[str]:
    """List every ``timm/NAME``, with and without the tag of its weights."""
    import timm

    return [f"timm/{name}" for name in (*timm.list_models(), *timm.list_pretrained())]


def pretrained(name: str) -> Any:
    """Return timm's account of a model's weights; ``ClassifierError`` for an unknown name."""
    import timm

    spec = f"timm/{name}"
    if spec not in (known := names()):
        allowed = "what timm.list_models() and timm.list_pretrained() list"
        raise ClassifierError(unknown_model(spec, known, allowed))
    return timm.get_pretrained_cfg(name)


def _fetched(name: str) -> nn.Module:
    import timm

    try:
        network: nn.Module = timm.create_model(name, pretrained=True)
    except (OSError, RuntimeError) as error:
        configuration = pretrained(name)
        file = (
            f"model.safetensors of {configuration.hf_hub_id}"
            if configuration.hf_hub_id
            else Path(configuration.url or "(timm has none)").name
        )
        raise ClassifierError(
            f"timm/{name} needs its weights file {file}, which could not be fetched ({error});"
            " get it on another machine and give it with --weights FILE (weights=FILE in Python)"
        ) from error
    return network


def _filled(architecture: Architecture, state: State, weights: Path) -> nn.Module:
    """Let timm load tensors that were read safely, so that it can rename those of old files."""
    import timm

    name, n_classes = architecture.spec.removeprefix("timm/"), architecture.n_classes
    overlay = {"state_dict": dict(state), "num_classes": n_classes}
    try:
        network: Any = timm.create_model(
            name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=n_classes
        )
    except Exception as error:
        raise ClassifierError(mismatch(build(architecture), state, repr(str(weights)))) from error
    network.pretrained_cfg.pop("state_dict")
    return network  # type: ignore[no-any-return]  # timm types no network


def _class_names(network: nn.Module) -> tuple[str, ...]:
    import timm

    if network.num_classes == 1000:
        return imagenet_names()
    data: Any = timm.data
    subset = data.infer_imagenet_subset(network)
    return tuple(data.ImageNetInfo(subset).label_descriptions()) if subset else ()


def _preprocessing(network: nn.Module) -> Preprocessing:
    import timm

    data: Any = timm.data
    config = data.resolve_model_data_config(network)
    _, height, width = config["input_size"]
    interpolation = config["interpolation"]
    return Preprocessing(
        size=(height, width),
        crop_fraction=height / math.floor(height / config["crop_pct"]),
        interpolation=interpolation if interpolation in get_args(Interpolation) else "bicubic",
        mean=config["mean"],
        std=config["std"],
    )
