"""What checking a network's plan brought, kept in the user's cache."""

import hashlib
import json
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from gnomon.occlusion.incremental.kept import cache_folder, write_once

SAMPLED = 256
"""So many values of each weight tell networks of one structure apart."""


def fingerprint(module: fx.GraphModule, network: str) -> str:
    """Name a network by its operations, its settings, and a sample of each of its weights."""
    digest = hashlib.sha256(_of_the_engine().encode())
    digest.update(f"{network}\n{module.code}\n{module!r}\n".encode())
    for name, tensor in chain(module.named_parameters(), module.named_buffers()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(repr(_sample(tensor)).encode())
    return digest.hexdigest()


def known_outcome(key: str, layout: object) -> str | None:
    """Look up why a plan must not be followed, empty where it may; ``None`` if nobody checked."""
    try:
        found = json.loads(_path(key, layout).read_text())
    except (OSError, ValueError):
        return None
    because = found.get("because") if isinstance(found, dict) else None
    return because if isinstance(because, str) else None


def keep_outcome(key: str, layout: object, because: str) -> None:
    """Keep an outcome for the next processes, if that is possible here."""
    try:
        write_once(_path(key, layout), json.dumps({"because": because}))
    except OSError:
        return


def _path(key: str, layout: object) -> Path:
    name = hashlib.sha256(f"{key} {layout}".encode()).hexdigest()
    return cache_folder("plans") / f"{name}.json"


@cache
def _of_the_engine() -> str:
    """Name the code whose plans are checked: versions, and the engine's own text."""
    digest = hashlib.sha256(f"{version('gnomon')} {torch.__version__}".encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _sample(tensor: Tensor) -> list[Any]:
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return []
    flat = tensor.detach().reshape(-1)
    values: list[Any] = flat[:: max(1, len(flat) // SAMPLED)].cpu().tolist()
    return values
