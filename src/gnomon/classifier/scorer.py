"""How a network is asked for scores: which of its outputs, and of how many images at a time."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gnomon.errors import ClassifierError, GnomonError, listed
from gnomon.memory import is_out_of_memory

ALIKE = {torch.float64: 1e-6, torch.float32: 1e-3}
"""By how much of the largest two passes differ where only rounding does; 0.05 in fewer bits."""
NAMED = "logits"


class Scorer(nn.Module):
    """Asks a network for scores (N,K): of ``batch`` images at a time, for its output ``key``.

    The last batch is filled up with its last image. Without a ``batch``, all go at once; with one,
    ``because`` says why.
    """

    def __init__(
        self, network: nn.Module, key: Any = None, batch: int | None = None, because: str = ""
    ) -> None:
        super().__init__()
        self.network, self.key, self.batch, self.because = network, key, batch, because

    def forward(self, images: Tensor) -> Any:
        """Compute the scores."""
        if self.batch is None:
            return _entry(self.network(images), self.key)
        parts = []
        for part in torch.split(images, self.batch):
            missing = self.batch - len(part)
            filled = torch.cat([part, part[-1:].expand(missing, -1, -1, -1)]) if missing else part
            parts.append(_entry(self.network(filled), self.key)[: len(part)])
        return torch.cat(parts)


def make_scorer(network: nn.Module, pair: Tensor, name: str) -> tuple[nn.Module, Any]:
    """Find how to ask ``network`` for scores, from passes over two different images (2,3,H,W).

    It is the network itself where that gives one row for each image, whatever else is in its batch.
    Returns it with what it computes for the two, whatever that is. ``ClassifierError`` where it
    fails on both, or where two passes differ.
    """
    outputs, failure = _attempt(network, pair.clone())
    (batch, because) = (None, "")
    if failure is not None:
        batch = fixed_batch(network) or 1
        because = f"it takes {batch} image{'s' * (batch > 1)} at a time"
        outputs, other = _attempt(network, pair[:1].repeat(batch, 1, 1, 1))
        if other is not None:
            raise _refusal(network, pair, name, failure) from failure
    key = _key(outputs, batch or 2, name)
    scores = _entry(outputs, key)
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != (batch or 2):
        return network, scores
    row = scores[:1]
    if batch is None:
        alone, failure = _attempt(Scorer(network, key), pair[:1].clone())
        if not isinstance(alone, Tensor) or alone.shape != row.shape:
            (batch, because) = (2, "it takes two images or more at a time")
        elif mixes_images(network) or not are_alike(alone, row):
            (batch, because) = (1, "an image's scores depend on the others in its batch")
    if batch is None:
        return (network if key is None else Scorer(network, key)), scores
    scorer = Scorer(network, key, batch, because)
    first, second = (run(scorer, pair[:1].clone(), name) for _ in "ab")
    if first.isfinite().all() and not are_alike(first, second):
        raise ClassifierError(
            f"{name} gives other outputs each time for the same image, so something in it is random"
            " even in evaluation mode: write F.dropout(x, training=self.training), whose default is"
            " True, and leave out noise when self.training is False"
        )
    scores = run(scorer, pair.clone(), name)
    if batch > 1 and not are_alike(scores[:1], first):
        raise ClassifierError(
            f"{name} cannot be asked for one image alone, and in a batch each image changes the "
            "scores of the others: let its batch norms use running statistics, as they do after "
            "eval()"
        )
    return scorer, scores


def type_name(network: nn.Module) -> str:
    """Name a network as its author does."""
    return type(network.network if isinstance(network, Scorer) else network).__name__


def fixed_batch(network: nn.Module) -> int | None:
    """Return the one number of images that an exported program takes; ``None`` for any."""
    if not isinstance(network, fx.GraphModule):
        return None
    first = next(iter(network.graph.find_nodes(op="placeholder")), None)
    shape = getattr(first.meta.get("val"), "shape", ()) if first is not None else ()
    return shape[0] if shape and type(shape[0]) is int else None


def mixes_images(network: nn.Module) -> bool:
    """Return whether a batch norm in it takes the statistics of the batch at hand."""
    return any(
        isinstance(module, _BatchNorm) and (module.training or module.running_mean is None)
        for module in network.modules()
    )


def are_alike(one: Any, other: Any) -> bool:
    """Return whether two outputs are the same up to rounding."""
    if not (isinstance(one, Tensor) and isinstance(other, Tensor) and one.shape == other.shape):
        return False
    if not one.numel():
        return True
    bound = ALIKE.get(one.dtype, 0.05) * float(one.abs().max())
    return bool((one - other).abs().max() <= bound)


def run(network: nn.Module, images: Tensor, name: str) -> Any:
    """Call a network; what it raises becomes a ``ClassifierError``, unless memory ran out."""
    outputs, failure = _attempt(network, images)
    if failure is not None:
        raise ClassifierError(
            f"{name} fails on {len(images)} images of shape {tuple(images.shape[1:])}: "
            f"{_first_line(failure)}"
        ) from failure
    return outputs


def _attempt(network: nn.Module, images: Tensor) -> tuple[Any, Exception | None]:
    try:
        return network(images), None
    except GnomonError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return None, error


def _key(outputs: Any, count: int, name: str) -> Any:
    """Find the one entry that holds scores (N,K); ``None`` where the outputs themselves do."""
    entries = _entries(outputs)
    if entries is None:
        return None
    scores = [
        key
        for key, value in entries.items()
        if isinstance(value, Tensor) and value.ndim == 2 and len(value) == count
    ]
    if NAMED in scores:
        return NAMED
    if len(scores) == 1:
        return scores[0]
    raise ClassifierError(
        f"{name} gives {type(outputs).__name__} for {count} images, with the entries"
        f" {listed(map(repr, entries))};"
        " gnomon takes the one that is a tensor (N,K), or of several the one that is named"
        f" {NAMED!r}: wrap the network so that it returns that"
    )


def _entries(outputs: Any) -> dict[Any, Any] | None:
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if dataclasses.is_dataclass(outputs):
        return {field.name: getattr(outputs, field.name) for field in dataclasses.fields(outputs)}
    if isinstance(outputs, tuple | list):
        return dict(zip(getattr(outputs, "_fields", range(len(outputs))), outputs, strict=True))
    return None


def _entry(outputs: Any, key: Any) -> Any:
    if key is None:
        return outputs
    is_attribute = isinstance(key, str) and not isinstance(outputs, Mapping)
    return getattr(outputs, key) if is_attribute else outputs[key]


def _refusal(network: nn.Module, pair: Tensor, name: str, error: Exception) -> ClassifierError:
    shape, says = tuple(pair.shape), _first_line(error)
    if "required positional argument" in says:
        return ClassifierError(
            f"{name} needs more than images: {says}. Wrap it in a module whose forward(images) "
            "gives it the rest"
        )
    first = next((m for m in network.modules() if isinstance(m, nn.Conv2d)), None)
    if first is not None and first.in_channels != pair.shape[1]:
        return ClassifierError(
            f"{name} takes images with {first.in_channels} channel{'s' * (first.in_channels > 1)},"
            f" and gnomon gives {pair.shape[1]} (red, green, blue): put before it a layer"
            " that makes the one of the other, for 1 channel"
            " nn.Sequential(torchvision.transforms.Grayscale(), network)"
        )
    return ClassifierError(
        f"{name} does not take images of shape {shape}: {says}. gnomon needs a network with a "
        "spatial input (N,3,H,W); if it takes another size, say size="
    )


def _first_line(error: Exception) -> str:
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    # TorchScript puts what happened last, behind where it did.
    said = lines[-1:] if lines and "TorchScript" in lines[0] else lines[:1]
    return ": ".join([type(error).__name__, *said])
