"""A network's own copy: new modules around the same weights."""

import copy
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gnomon.errors import ClassifierError


def structural_copy(network: nn.Module, device: torch.device | None = None) -> nn.Module:
    """Copy the modules, not the weights: hooks and training flags of the two are independent.

    Parameters and buffers are shared, or, where they lie on another ``device``, copied to it; the
    given network is never touched. ``ClassifierError`` where it cannot be copied.
    """
    name = type(network).__name__
    if any(map(is_lazy, network.parameters())):
        raise ClassifierError(
            f"{name} has lazy parameters without a shape yet; run it once on an image first"
        )
    tensors = chain(network.parameters(), network.buffers())
    memo: dict[int, object] = {id(tensor): _on(tensor, device) for tensor in tensors}
    try:
        return copy.deepcopy(network, memo)
    except Exception as error:
        raise ClassifierError(
            f"{name} cannot be copied ({error}), and gnomon does not alter the network it is given;"
            " let copy.deepcopy(network) succeed, for example by removing what is attached to it"
        ) from error


def _on(tensor: Tensor, device: torch.device | None) -> Tensor:
    if device is None or tensor.device == device:
        return tensor
    moved = tensor.detach().to(device)
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(moved, requires_grad=tensor.requires_grad)
    return moved
