"""Which device a network runs on."""

import torch

from gnomon.errors import SettingError


def resolve_device(device: str | torch.device) -> torch.device:
    """Name the device to use; ``"auto"`` is the first of CUDA, MPS and CPU that is there.

    ``SettingError`` where there is no such device here.
    """
    if device == "auto":
        device = next((name for name in ("cuda", "mps") if _count(name)), "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        raise SettingError(f"unknown device {str(device)!r}; {_what_is_here()}") from None
    if (found.index or 0) >= _count(found.type):
        raise SettingError(f"there is no device {str(found)!r} here; {_what_is_here()}")
    if found.type == "cuda" and found.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return found


def _count(kind: str) -> int:
    match kind:
        case "cpu":
            return 1
        case "cuda":
            return torch.cuda.device_count() if torch.cuda.is_available() else 0
        case "mps":
            return int(torch.backends.mps.is_available())
        case _:
            return 0


def _what_is_here() -> str:
    here = ["auto", "cpu"]
    here += ["mps"] * _count("mps") + [f"cuda:{i}" for i in range(_count("cuda"))]
    return f"allowed here: {', '.join(here)}"
