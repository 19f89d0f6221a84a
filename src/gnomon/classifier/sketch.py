"""A network without values: its modules, and the names and shapes of its tensors."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

META = torch.device("meta")


def sketch(build: Callable[[], nn.Module]) -> nn.Module:
    """Build a network on the meta device, so that its tensors take no memory.

    Some networks read a tensor while they are built; theirs become meta one after the other.
    """
    try:
        with META:
            return build()
    except NotImplementedError:
        pass
    handles = [
        register_module_parameter_registration_hook(_parameter),  # type: ignore[arg-type]  # torch's own example returns one
        register_module_buffer_registration_hook(_buffer),  # type: ignore[arg-type]
    ]
    try:
        return build()
    finally:
        for handle in handles:
            handle.remove()


def _parameter(_: nn.Module, __: str, parameter: nn.Parameter) -> nn.Parameter | None:
    return None if parameter is None else nn.Parameter(parameter.to(META), parameter.requires_grad)


def _buffer(_: nn.Module, __: str, buffer: Tensor) -> Tensor | None:
    return None if buffer is None else buffer.to(META)
