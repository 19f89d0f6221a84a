"""From a name, a file or a network to a classifier."""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gnomon.arguments import checked
from gnomon.classifier import timm_models, torchvision_models
from gnomon.classifier.checkpoint import TRAINED, is_checkpoint, load_checkpoint
from gnomon.classifier.classifier import Classifier
from gnomon.classifier.copying import structural_copy, unwrapped
from gnomon.classifier.device import resolve_device
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Exported, Loaded, Origin, unknown_model
from gnomon.classifier.sources import SOURCES, UNTRAINED
from gnomon.classifier.transforms import Transforms, as_preprocessing
from gnomon.errors import ClassifierError
from gnomon.images import Resize
from gnomon.plugs import plugged
from gnomon.presets import Outputs

FILES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar", ".pt2", ".onnx")


@checked
def load_classifier(
    spec: str | PathLike[str] | nn.Module | Exported | Classifier = "embedded",
    *,
    weights: str | PathLike[str] | None = None,
    size: int | tuple[int, int] | None = None,
    resize: Resize | None = None,
    device: str | torch.device = "cpu",
    class_names: Sequence[str] | None = None,
    preprocessing: Preprocessing | Transforms | None = None,
    outputs: Outputs = "auto",
) -> Classifier:
    """Load a classifier.

    ``spec`` is ``embedded`` or ``embedded/NAME``, ``torchvision/NAME``, ``timm/NAME``, ``hf/NAME``
    or ``hf/./FOLDER``, a ``.safetensors`` checkpoint of gnomon's or the folder of a training,
    ``package.module:name`` (a function that gives a network or classifier), a network (without
    ``preprocessing``: squashed to 224x224, ImageNet's mean and deviation) or a classifier.
    ``weights`` is a file for the torchvision or timm network named: safetensors, or what
    ``torch.save`` wrote of a state_dict, also within a training's state; it says how many classes
    there are. ``preprocessing`` may also be transforms of torchvision or timm. ``size`` ((height,
    width), or one number) and ``resize`` change the preprocessing. ``outputs`` says what the
    network returns, where that cannot be recognized (`gnomon.presets.Outputs`).
    ``ClassifierError`` or ``SettingError`` says what is wrong.
    """
    file = None if weights is None else _file(Path(weights))
    loaded = _loaded(spec, file)
    given = loaded.preprocessing if preprocessing is None else as_preprocessing(preprocessing)
    names = loaded.class_names if class_names is None else tuple(class_names)
    return Classifier(
        network=structural_copy(loaded.network, resolve_device(device)),
        preprocessing=given.resized(size, resize),
        class_names=names,
        name=loaded.name,
        architecture=loaded.architecture,
        outputs=loaded.outputs if outputs == "auto" else outputs,
        origin=Origin(
            weights=loaded.origin.weights if file is None else str(file.absolute()),
            class_names=loaded.origin.class_names if class_names is None else names,
        ),
    )


def load_untrained(spec: str, size: int | tuple[int, int] | None = None) -> Classifier:
    """Make the classifier of a name as ``load_classifier`` does, but with random weights.

    For what depends on the architecture alone; weights that nothing is fetched for are read.
    """
    prefix, _, name = spec.partition("/")
    if prefix not in UNTRAINED:
        return load_classifier(spec, size=size)
    blank = UNTRAINED[prefix](name)
    return Classifier(
        blank.network,
        blank.preprocessing.resized(size, None),
        blank.class_names,
        blank.name,
        outputs="logits",
    )


def checkpoint_at(path: Path) -> Path | None:
    """Find the checkpoint of gnomon's at a path, in a training's folder too; ``None`` if none."""
    file = _file(path)
    return file if isfile(file) and is_checkpoint(file) else None


def _file(weights: Path) -> Path:
    """Find the weights file, in a training's folder too."""
    return weights / TRAINED if isdir(weights) else weights


def _loaded(spec: Any, weights: Path | None) -> Loaded:
    prefix, _, name = spec.partition("/") if isinstance(spec, str) else ("", "", "")
    if prefix in SOURCES:
        if weights is not None and prefix in UNTRAINED and checkpoint_at(weights):
            return _checkpoint_of(spec, weights)
        return SOURCES[prefix](name, weights)
    if weights is not None:
        raise ClassifierError(
            f"a weights file ({str(weights)!r}) goes with the name of a torchvision or timm"
            f" network, not with {spec if isinstance(spec, str) else type(spec).__name__!r}"
        )
    if not isinstance(spec, str | PathLike):
        return _given(spec)
    if spec and isfile(trained := Path(spec) / TRAINED):
        return load_checkpoint(trained)
    if spec and isdir(spec):
        raise ClassifierError(
            f"{str(spec)!r} is a folder without a classifier: there is no {TRAINED} in it;"
            " give a folder that `gnomon train --out` wrote, or a checkpoint file"
        )
    if not isinstance(spec, str) or spec.endswith(FILES) or isfile(spec):
        return load_checkpoint(Path(spec))
    if names_code(spec):
        made: Any = plugged("classifier", spec, {})
        return replace(_given(made if isinstance(made, nn.Module) else made()), name=spec)
    known = ["embedded", *torchvision_models.names(), *timm_models.names()]
    allowed = f"{', '.join(f'{source}/NAME' for source in SOURCES)}, FILE.safetensors,"
    allowed += " package.module:name"
    raise ClassifierError(unknown_model(spec, known, allowed))


def _checkpoint_of(spec: str, file: Path) -> Loaded:
    """Load a checkpoint of gnomon's where only weights were asked for, of the network named."""
    loaded = load_checkpoint(file)
    made = "" if loaded.architecture is None else loaded.architecture.spec
    if spec.partition(".")[0] != made.partition(".")[0]:
        raise ClassifierError(
            f"{str(file)!r} is a checkpoint of {made}, not of {spec}; it names its network itself,"
            f" so give it alone: --model {file}"
        )
    return loaded


def names_code(spec: str) -> bool:
    """Return whether a classifier's name stands for Python code, which loading it would run.

    >>> names_code("mine:network"), names_code("c:/mine.safetensors"), names_code("timm/a:b")
    (True, False, False)
    """
    return ":" in spec and spec.partition("/")[0] not in SOURCES and not spec.endswith(FILES)


def _given(spec: Any) -> Loaded:
    if type(spec).__name__ == "ExportedProgram":
        spec = spec.module()
    if isinstance(spec, Classifier):
        return Loaded(
            spec.name,
            spec.network,
            spec.preprocessing,
            spec.class_names,
            spec.architecture,
            spec.outputs,
            spec.origin,
        )
    if isinstance(spec, nn.Module):
        return Loaded(type(unwrapped(spec)).__name__, spec, Preprocessing())
    raise ClassifierError(
        "a classifier is a name such as 'embedded' or 'torchvision/vgg19', a checkpoint file,"
        f" a torch.nn.Module or a gnomon.Classifier, not {type(spec).__name__}"
    )
