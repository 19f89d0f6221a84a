"""A network, its preprocessing and its class names, together."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.classifier.copying import evaluating_copy, unwrapped, whole_copy
from gnomon.classifier.device import resolve_device
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.scorer import make_scorer, run
from gnomon.classifier.source import Architecture
from gnomon.classifier.writes import NoWrites, WriteError
from gnomon.errors import ClassifierError


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """An image classifier, ready to use and checked by one forward pass when made.

    ``network`` takes ``preprocessing.normalise(pixels)`` and returns raw outputs (N,K), K >= 2; the
    classifier keeps a copy of its modules in evaluation mode that shares the weights, unless the
    network writes over them, so the given one is never altered. ``class_names`` K names,
    "class 0", "class 1", ... if not given; ``name`` the network's type if not given.
    ``architecture`` lets a checkpoint be saved. ``weights_sha256`` identifies the weights as they
    were when the classifier was made. ``scorer`` is ``network`` as gnomon asks it for (N,K): for
    one entry of what it returns, and for so many images at a time as give each the scores that it
    has alone.
    Raises ``ClassifierError`` for a network that is no image classifier.
    """

    network: nn.Module
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    class_names: tuple[str, ...] = ()
    name: str = ""
    architecture: Architecture | None = None
    weights_sha256: str = field(init=False)
    scorer: nn.Module = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or type(unwrapped(self.network)).__name__)
        object.__setattr__(self, "network", evaluating_copy(self.network))
        n_classes = self._probe()
        names = tuple(self.class_names) or tuple(f"class {i}" for i in range(n_classes))
        if len(names) != n_classes:
            raise ClassifierError(
                f"{self.name} has {n_classes} outputs but {len(names)} class names were given;"
                " give one name for each output, in order"
            )
        object.__setattr__(self, "class_names", names)
        object.__setattr__(self, "weights_sha256", _digest(self.network.state_dict()))

    @property
    def device(self) -> torch.device:
        """Where the weights lie; the CPU for a network without any."""
        tensors = chain(self.network.parameters(), self.network.buffers())
        return next((tensor.device for tensor in tensors), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights, and of the input; float32 for a network without any."""
        floats = (p.dtype for p in self.network.parameters() if p.is_floating_point())
        return next(floats, torch.float32)

    def to(self, device: str | torch.device) -> "Classifier":
        """Give this classifier on another device (``"auto"``: the best here); itself if there."""
        target = resolve_device(device)
        if target == self.device:
            return self
        return replace(self, network=evaluating_copy(self.network, target))

    def logits(self, pixels: Tensor) -> Tensor:
        """Compute the raw outputs (N,K) for RGB pixels (N,3,H,W) in [0,1]; differentiable.

        ``ClassifierError`` where the network fails.
        """
        outputs: Tensor = run(self.scorer, self._normalised(pixels), self.name)
        return outputs

    def _normalised(self, pixels: Tensor) -> Tensor:
        return self.preprocessing.normalise(pixels.to(self.device, self.dtype))

    @torch.no_grad()
    def probabilities(self, pixels: Tensor) -> Tensor:
        """Compute the softmax (N,K) float64 for RGB pixels (N,3,H,W) in [0,1].

        ``ClassifierError`` where the outputs are not finite.
        """
        logits = self.logits(pixels)
        if not logits.isfinite().all():
            raise ClassifierError(f"{self.name} gives outputs that are not finite for this image")
        return logits.double().softmax(dim=1)

    @torch.no_grad()
    def _probe(self) -> int:
        """Run two random images through the network; its number of outputs, if all is well."""
        if self.device.type == "meta":
            raise ClassifierError(
                f"{self.name} has weights without values, on the meta device; load them first"
            )
        shape = (2, 3, *self.preprocessing.size)
        pixels = torch.rand(shape, generator=torch.Generator().manual_seed(0))
        pixels[1] /= 4
        pair = self._normalised(pixels)
        try:
            with NoWrites(self.network):
                scorer, outputs = make_scorer(self.network, pair, self.name)
        except WriteError:
            object.__setattr__(self, "network", whole_copy(self.network))
            scorer, outputs = make_scorer(self.network, pair, self.name)
        object.__setattr__(self, "scorer", scorer)
        if not isinstance(outputs, Tensor) or outputs.ndim != 2 or len(outputs) != len(pixels):
            got = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
            raise ClassifierError(
                f"{self.name} gives {got} for {len(pixels)} images; gnomon needs one row of"
                " outputs for each image, a tensor (N,K): wrap the network so that it returns that"
            )
        if outputs.shape[1] < 2:
            raise ClassifierError(
                f"{self.name} has {outputs.shape[1]} output; gnomon needs one for each of at least"
                " two classes (for a yes/no network, stack zero and its output)"
            )
        if not outputs.isfinite().all():
            raise ClassifierError(
                f"{self.name} gives outputs that are not finite (NaN or infinity);"
                " check its weights and preprocessing"
            )
        if (outputs >= 0).all() and ((outputs.double().sum(dim=1) - 1).abs() < 1e-3).all():
            raise ClassifierError(
                f"{self.name} gives probabilities already: it ends with a softmax."
                " gnomon applies its own; remove the network's"
            )
        return int(outputs.shape[1])


def _digest(state: Mapping[str, Any]) -> str:
    """SHA-256 over names, types, shapes and bytes of all tensors, in the names' order."""
    digest = hashlib.sha256()
    for name in sorted(state):
        for tensor in _tensors(state[name]):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            flat = tensor.detach().cpu().contiguous().flatten()
            digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _tensors(value: Any) -> Iterator[Tensor]:
    """Give the tensors of an entry, quantized ones as whole numbers, sparse ones filled in."""
    if isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, Tensor) and value.is_quantized:
        yield value.int_repr()
    elif isinstance(value, Tensor):
        yield value if value.layout is torch.strided else value.to_dense()
