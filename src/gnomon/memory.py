"""Memory that ran out: how it shows, and what to say when no smaller batch is left."""

import torch
from torch import Tensor

from gnomon.errors import GnomonError


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, of whichever device and allocator, means that memory ran out."""
    says = str(error)
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "not enough memory" in says
        or "DefaultCPUAllocator" in says
        or "out of memory" in says
    )


def does_not_fit(image: Tensor) -> GnomonError:
    """Make the error for an image (3,H,W) that does not fit even alone."""
    return GnomonError(
        f"one {image.shape[2]}x{image.shape[1]} image does not fit into the memory of device "
        f"{str(image.device)!r}: choose a smaller model size, a smaller classifier or another "
        "device"
    )
