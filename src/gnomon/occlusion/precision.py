"""The precision in which an engine computes: the network's own, or a shorter and faster one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.classifier.copying import structural_copy
from gnomon.errors import SettingError, unknown_name
from gnomon.occlusion.engine import Engine, Several, outputs_of_several

DTYPES = {"full": None, "tf32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Precise(Several):
    """An engine that computes in a chosen precision and gives its outputs in the image's own.

    ``full`` is the network's own, and keeps a GPU from shortening float32 unasked; ``tf32`` lets
    it. ``bfloat16`` and ``float16`` work on a copy of the network, on any device.
    """

    def __init__(
        self, make: Callable[[nn.Module], Engine], network: nn.Module, precision: str = "full"
    ) -> None:
        """Make the engine; ``SettingError`` where there is no such precision."""
        if precision not in DTYPES:
            raise SettingError(unknown_name("precision", precision, DTYPES))
        self._dtype = DTYPES[precision]
        self._may_shorten = precision == "tf32"
        if self._dtype is not None:
            network = structural_copy(network).to(self._dtype)
        self.engine = make(network)
        self.name = self.engine.name

    def outputs_of_several(
        self,
        images: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs for every occluded copy of each image, as ``Several`` says."""
        dtype = self._dtype or images.dtype
        with _tf32(self._may_shorten):
            outputs = outputs_of_several(
                self.engine, images.to(dtype), windows, patches.to(dtype), progress
            )
        return outputs.to(images.dtype)


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    """Let CUDA's products and convolutions of float32 round their factors to TF32, or not."""
    switches: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [switch.allow_tf32 for switch in switches]
    try:
        for switch in switches:
            switch.allow_tf32 = allowed
        yield
    finally:
        for switch, was in zip(switches, before, strict=True):
            switch.allow_tf32 = was
