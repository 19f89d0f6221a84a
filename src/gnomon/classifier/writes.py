"""Noticing that a network writes over its own weights before it has done so."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gnomon.errors import GnomonError


class WriteError(GnomonError):
    """A network that would have written over weights that are not its own."""


class NoWrites(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Raises ``WriteError`` in place of an operation that writes over a parameter's memory."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self._shared = {_memory(parameter) for parameter in network.parameters()}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Look at what an operation writes to; pass all else on."""
        if func._schema.is_mutable:
            named = kwargs or {}
            for number, argument in enumerate(func._schema.arguments):
                written = args[number] if number < len(args) else named.get(argument.name)
                is_written = argument.alias_info is not None and argument.alias_info.is_write
                if is_written and isinstance(written, Tensor) and _memory(written) in self._shared:
                    raise WriteError(f"{func} writes over a weight")
        return func(*args, **(kwargs or {}))


def _memory(tensor: Tensor) -> object:
    """Identify a tensor's memory; what has none of its own is like nothing else."""
    try:
        return tensor.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):
        return tensor
