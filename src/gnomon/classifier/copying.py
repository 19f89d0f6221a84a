"""A network's own copy: new modules around the same weights."""

import copy
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim.swa_utils import AveragedModel
from torch.overrides import TorchFunctionMode

from gnomon.errors import ClassifierError

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)


def structural_copy(network: nn.Module, device: torch.device | None = None) -> nn.Module:
    """Copy the modules and the buffers; only the parameters' memory is shared.

    Hooks, flags, and what the network's code assigns are independent. Backward hooks are left out,
    and so is what wraps a network and leaves its values alone (``DataParallel``,
    ``AveragedModel``, ``torch.compile``). Where the copy shall lie on another ``device``, its
    parameters are copied, too. The given network is never touched. ``ClassifierError`` where it
    cannot be copied.
    """
    # What derives from Parameter may hold more than values, and knows itself how it is copied.
    shared = [
        parameter
        for parameter in network.parameters()
        if nn.Parameter not in type(parameter).__mro__[1:]
    ]
    twin = _copied(network, {id(parameter): _around_the_same(parameter) for parameter in shared})
    return twin if device is None else _moved(twin, device)


def evaluating_copy(network: nn.Module, device: torch.device | None = None) -> nn.Module:
    """Copy as ``structural_copy`` does, in evaluation mode where the network has modes."""
    return _evaluating(structural_copy(network, device))


def whole_copy(network: nn.Module) -> nn.Module:
    """Copy the modules and all that they hold; otherwise as ``evaluating_copy``."""
    return _evaluating(_copied(network, {}))


def _evaluating(twin: nn.Module) -> nn.Module:
    try:
        twin.eval()
    except (AttributeError, NotImplementedError):
        # Frozen scripts and exported programs stay in the mode that they were saved in.
        if not isinstance(twin, torch.jit.ScriptModule | torch.fx.GraphModule):
            raise
    return twin


def unwrapped(network: nn.Module) -> nn.Module:
    """Take off what wraps a network and leaves its values alone."""
    while True:
        if isinstance(network, WRAPPERS):
            network = network.module
        elif type(network).__name__ == "OptimizedModule":
            network = network._orig_mod  # type: ignore[assignment]  # torch.compile's
        else:
            return network


def _copied(network: nn.Module, memo: dict[int, Any]) -> nn.Module:
    name = type(network).__name__
    if any(map(is_lazy, network.parameters())):
        raise ClassifierError(
            f"{name} has lazy parameters without a shape yet; run it once on an image first"
        )
    buffers = list(network.buffers())
    memo.update({id(buffer): buffer.detach().clone() for buffer in buffers})
    try:
        with _TensorsWithoutHistory():
            for module in reversed(list(network.modules())):
                if (inner := unwrapped(module)) is not module:
                    memo[id(module)] = copy.deepcopy(inner, memo)
            twin: nn.Module = copy.deepcopy(network, memo)
    except Exception as error:
        raise ClassifierError(
            f"{name} cannot be copied ({error}), and gnomon does not alter the network it is given;"
            " let copy.deepcopy(network) succeed, for example by removing what is attached to it"
        ) from error
    for module in twin.modules():
        if not isinstance(module, torch.jit.ScriptModule):
            module._backward_hooks.clear()
            module._backward_pre_hooks.clear()
    return twin


def _moved(twin: nn.Module, device: torch.device) -> nn.Module:
    try:
        with warnings.catch_warnings():
            # torch asks every parameter for its gradient, a script's too, which are no leaves.
            warnings.filterwarnings("ignore", message="The .grad attribute")
            return twin.to(device)
    except NotImplementedError as error:
        raise ClassifierError(
            f"{type(twin).__name__} has weights without values, on the meta device; load them first"
        ) from error


def _around_the_same(parameter: nn.Parameter) -> nn.Parameter:
    """Make another parameter of the same memory, so that a new value for one is none for both."""
    if parameter.is_inference():
        return parameter  # No other of its memory may want a gradient, and none can change it.
    twin = nn.Parameter(parameter.detach(), requires_grad=parameter.requires_grad)
    if type(parameter) is nn.Parameter:
        vars(twin).update(vars(parameter))
    return twin


class _TensorsWithoutHistory(TorchFunctionMode):
    """Lets ``copy.deepcopy`` copy what a network computed and keeps, without how it came about."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Copy a tensor that has a history by its values; leave all else alone."""
        if func is Tensor.__deepcopy__ and not args[0].is_leaf:
            (tensor, memo) = args
            return memo.setdefault(id(tensor), tensor.detach().clone())
        return func(*args, **(kwargs or {}))
