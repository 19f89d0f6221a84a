"""From a name, a file or a network to a classifier."""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gnomon.classifier import timm_models, torchvision_models
from gnomon.classifier.checkpoint import load_checkpoint
from gnomon.classifier.classifier import Classifier
from gnomon.classifier.copying import structural_copy
from gnomon.classifier.device import resolve_device
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Loaded, unknown_model
from gnomon.classifier.sources import SOURCES
from gnomon.errors import ClassifierError
from gnomon.images import Resize
from gnomon.plugs import plugged

FILES = (".safetensors", ".pth", ".pt", ".bin")
TRAINED = "model.safetensors"
"""The classifier in a folder that a training wrote."""


def load_classifier(
    spec: str | PathLike[str] | nn.Module | Classifier = "embedded",
    *,
    weights: str | PathLike[str] | None = None,
    size: int | tuple[int, int] | None = None,
    resize: Resize | None = None,
    device: str | torch.device = "cpu",
    class_names: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Classifier:
    """Load a classifier.

    ``spec`` is ``embedded`` or ``embedded/NAME``, ``torchvision/NAME``, ``timm/NAME``, ``hf/NAME``
    or ``hf/./FOLDER``, a ``.safetensors`` checkpoint of gnomon's or the folder of a training,
    ``package.module:name`` (a function that gives a network or classifier), a network (without
    ``preprocessing``: squashed to 224x224, ImageNet's mean and deviation) or a classifier.
    ``weights`` is a .pth or .safetensors file for the torchvision or timm network named;
    ``class_names`` also says how many classes it has. ``size`` ((height, width), or one number) and
    ``resize`` change the preprocessing. ``ClassifierError`` or ``SettingError`` says what is wrong.
    """
    file = None if weights is None else Path(weights)
    loaded = _loaded(spec, file, None if class_names is None else len(class_names))
    given = preprocessing or loaded.preprocessing
    return Classifier(
        network=structural_copy(loaded.network, resolve_device(device)),
        preprocessing=given.resized(size, resize),
        class_names=loaded.class_names if class_names is None else tuple(class_names),
        name=loaded.name,
        architecture=loaded.architecture,
    )


def _loaded(spec: Any, weights: Path | None, n_classes: int | None) -> Loaded:
    prefix, _, name = spec.partition("/") if isinstance(spec, str) else ("", "", "")
    if prefix in SOURCES:
        return SOURCES[prefix](name, weights, n_classes)
    if weights is not None:
        raise ClassifierError(
            f"a weights file ({str(weights)!r}) goes with the name of a torchvision or timm"
            f" network, not with {spec if isinstance(spec, str) else type(spec).__name__!r}"
        )
    if not isinstance(spec, str | PathLike):
        return _given(spec)
    if (trained := Path(spec) / TRAINED).is_file():
        return load_checkpoint(trained)
    if not isinstance(spec, str) or spec.endswith(FILES):
        return load_checkpoint(Path(spec))
    if names_code(spec):
        made: Any = plugged("classifier", spec, {})
        return replace(_given(made if isinstance(made, nn.Module) else made()), name=spec)
    known = ["embedded", *torchvision_models.names(), *timm_models.names()]
    allowed = f"{', '.join(f'{source}/NAME' for source in SOURCES)}, FILE.safetensors"
    raise ClassifierError(unknown_model(spec, known, allowed))


def names_code(spec: str) -> bool:
    """Return whether a classifier's name stands for Python code, which loading it would run.

    >>> names_code("mine:network"), names_code("c:/mine.safetensors"), names_code("timm/a:b")
    (True, False, False)
    """
    return ":" in spec and spec.partition("/")[0] not in SOURCES and not spec.endswith(FILES)


def _given(spec: Any) -> Loaded:
    if isinstance(spec, Classifier):
        return Loaded(
            spec.name, spec.network, spec.preprocessing, spec.class_names, spec.architecture
        )
    if isinstance(spec, nn.Module):
        return Loaded(type(spec).__name__, spec, Preprocessing())
    raise ClassifierError(
        "a classifier is a name such as 'embedded' or 'torchvision/vgg19', a checkpoint file,"
        f" a torch.nn.Module or a gnomon.Classifier, not {type(spec).__name__}"
    )
