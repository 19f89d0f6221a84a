"""The names in a weights file, brought to those of the network."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Container

from gnomon.classifier.state import State

COMPILED = "_orig_mod."
COUNTERS = ("n_averaged",)
"""What ``torch.optim.swa_utils.AveragedModel`` keeps beside the weights."""


def aligned(state: State, own: Container[str]) -> State:
    """Take off what was put before every name, as far as more of them are the network's then.

    Such are ``module.`` (DataParallel, AveragedModel), ``_orig_mod.`` (torch.compile), and the
    attribute that a training script kept its network in: ``model.``, ``net.``, ``backbone.``.
    Where most names have the prefix, those without stay as they are, to be listed as left over.
    """
    best = state = _renamed(state, lambda name: name.replace(COMPILED, ""))
    if not any(name in own for name in COUNTERS):
        best = state = _without(state, COUNTERS)
    while prefix := _prefix(state):
        shorter = _renamed(state, lambda name: name.removeprefix(prefix))
        if len(shorter) < len(state):
            break
        state = shorter
        if _known(state, own) > _known(best, own):
            best = state
    return best


def _known(state: State, own: Container[str]) -> int:
    return sum(name in own for name in state)


def _prefix(state: State) -> str:
    """Find the first part of more than half of the names; empty where there is none."""
    firsts = Counter(name.partition(".")[0] for name in state if "." in name)
    for first, count in firsts.most_common(1):
        if 2 * count > len(state):
            return f"{first}."
    return ""


def _without(state: State, names: Container[str]) -> State:
    kept = State((name, tensor) for name, tensor in state.items() if name not in names)
    return _with_versions(kept, state, lambda name: name)


def _renamed(state: State, renaming: Callable[[str], str]) -> State:
    named = State((renaming(name), tensor) for name, tensor in state.items())
    return _with_versions(named, state, renaming)


def _with_versions(made: State, state: State, renaming: Callable[[str], str]) -> State:
    """Keep the versions of modules that ``torch.save`` writes beside the tensors, renamed too."""
    versions = getattr(state, "_metadata", None)
    if versions is not None:
        pairs = (
            (renaming(f"{name}.").removesuffix("."), version) for name, version in versions.items()
        )
        made._metadata = OrderedDict(pairs)  # type: ignore[attr-defined]  # how torch marks versions
    return made
