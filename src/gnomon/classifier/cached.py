"""Weights that an earlier download left on this machine, found without asking any server."""

import re
from pathlib import Path
from typing import Any

from gnomon.errors import ClassifierError

HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
TIMM_FILES = ("model.safetensors", "pytorch_model.bin")
HF_FILES = ("config.json", "preprocessor_config.json", "model.safetensors")


def cached_weights(spec: str) -> Path | None:
    """Return what stands in for a download of ``torchvision/``, ``timm/`` or ``hf/NAME``.

    A weights file, for ``hf/`` the folder of the model; ``None`` where it would have to be fetched.
    Raises ``ClassifierError`` where the library knows no such model.
    """
    source, _, name = spec.partition("/")
    match source:
        case "torchvision":
            return _torchvision(name)
        case "timm":
            return _timm(name)
        case "hf":
            return _hf(name)
    raise ClassifierError(f"{spec!r} is not fetched from anywhere")


def _torchvision(name: str) -> Path | None:
    from gnomon.classifier.torchvision_models import weights_of

    return _downloaded(weights_of(name).DEFAULT.url)


def _timm(name: str) -> Path | None:
    from gnomon.classifier.timm_models import pretrained

    configuration = pretrained(name)
    if not configuration.hf_hub_id:
        return _downloaded(configuration.url) if configuration.url else None
    found = (_in_hub_cache(configuration.hf_hub_id, file) for file in TIMM_FILES)
    return next((file for file in found if file is not None), None)


def _hf(name: str) -> Path | None:
    if HUB_NAME.fullmatch(name) is None:
        return None
    files = [_in_hub_cache(name, file) for file in HF_FILES]
    folders = {file.parent for file in files if file is not None}
    return folders.pop() if None not in files and len(folders) == 1 else None


def _downloaded(url: str) -> Path | None:
    import torch

    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    return file if file.is_file() else None


def _in_hub_cache(repository: str, file: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found: Any = try_to_load_from_cache(repository, file)
    return Path(found) if isinstance(found, str) else None
