"""A classifier in one file: safetensors with architecture, class names and preprocessing."""

import json
import os
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from gnomon.arguments import checked
from gnomon.classifier.classifier import Classifier
from gnomon.classifier.header import read_header
from gnomon.classifier.rebuild import rebuild
from gnomon.classifier.source import Loaded, Origin
from gnomon.classifier.state import read_state
from gnomon.disk import Folder, reason_of
from gnomon.errors import ClassifierError

VERSION = "1"
KEY = "gnomon"
TRAINED = "model.safetensors"
"""The classifier in a folder that a training wrote; it goes by the folder's name."""


@checked
def save_checkpoint(classifier: Classifier, path: str | os.PathLike[str]) -> None:
    """Write a classifier to a ``.safetensors`` file, whole or not at all.

    ``ClassifierError`` where its architecture is not known, or the file cannot be written.
    """
    target = Path(path)
    if target.suffix != ".safetensors":
        raise ClassifierError(f"a checkpoint's name ends in .safetensors, not {target.name!r}")
    if classifier.architecture is None:
        raise ClassifierError(
            f"{classifier.name} cannot be saved: gnomon does not know how to rebuild it. Make the"
            " Classifier with architecture=Architecture('torchvision/NAME', number of classes), or"
            " save its state_dict() yourself"
        )
    metadata = {
        KEY: VERSION,
        "architecture": json.dumps(asdict(classifier.architecture)),
        "class_names": json.dumps(classifier.class_names),
        "preprocessing": json.dumps(classifier.preprocessing.to_dict()),
        "outputs": classifier.outputs,
    }
    tensors = {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in classifier.network.state_dict().items()
    }
    real = Path(os.path.realpath(target))
    if not real.parent.is_dir():
        raise ClassifierError(f"cannot write {str(target)!r}: there is no such folder; make it")
    try:
        Folder(real.parent).write(real.name, save(tensors, metadata))
    except (OSError, SafetensorError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise ClassifierError(f"cannot write {str(target)!r}: {reason}") from error


def load_checkpoint(path: Path) -> Loaded:
    """Read what ``save_checkpoint`` wrote.

    ``ClassifierError`` for a file that is missing, broken, of a newer format, or only weights.
    """
    state = read_state(path)
    metadata = _metadata(path)
    if KEY not in metadata:
        raise ClassifierError(
            f"{str(path)!r} holds weights without an architecture; name that too:"
            f" --model torchvision/NAME --weights {path.name}"
        )
    if metadata[KEY] != VERSION:
        raise ClassifierError(
            f"{str(path)!r} has checkpoint format {metadata[KEY]!r}, this gnomon reads {VERSION};"
            " use the version of gnomon that wrote it"
        )
    try:
        header = read_header(metadata)
    except ValueError as error:
        raise ClassifierError(f"{str(path)!r} is a damaged checkpoint: {error}") from error
    network = rebuild(header.architecture, OrderedDict(state), repr(str(path)))
    return Loaded(
        name_of(path),
        network,
        header.preprocessing,
        header.class_names,
        header.architecture,
        header.outputs,
        Origin(str(path.absolute())),
    )


def is_checkpoint(path: Path) -> bool:
    """Return whether ``save_checkpoint`` wrote a file; others hold only weights."""
    try:
        return KEY in _metadata(path)
    except (SafetensorError, OSError):
        return False


def name_of(path: Path) -> str:
    """Call a checkpoint by its file, or by the folder that a training wrote it into.

    >>> name_of(Path("here/birds/model.safetensors")), name_of(Path("here/birds.safetensors"))
    ('birds', 'birds.safetensors')
    """
    whole = Path(os.path.abspath(path))
    return (whole.name == TRAINED and whole.parent.name) or whole.name


def _metadata(path: Path) -> dict[str, str]:
    if path.suffix != ".safetensors":
        return {}
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})
