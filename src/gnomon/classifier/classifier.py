"""A network, its preprocessing and its class names, together."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.arguments import checked_class
from gnomon.classifier.copying import evaluating_copy, unwrapped, whole_copy
from gnomon.classifier.device import resolve_device
from gnomon.classifier.outputs import probabilities_of, with_scores
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.recognition import Probe, recognized
from gnomon.classifier.scorer import make_scorer, run
from gnomon.classifier.source import NOWHERE, Architecture, Origin
from gnomon.classifier.writes import NoWrites, WriteError
from gnomon.errors import ClassifierError
from gnomon.presets import Outputs
from gnomon.showing import quoted, size


@checked_class
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Classifier:
    """An image classifier, ready to use and checked by a few forward passes when made.

    ``network`` takes ``preprocessing.normalize(pixels)`` and returns (N,K), or (N,1) or (N,) for
    two classes; the classifier keeps a copy of its modules in evaluation mode that shares the
    weights, unless the network writes over them, so the given one is never altered.
    ``class_names`` K names, "class 0", "class 1", ... if not given; ``name`` the network's type if
    not given. ``outputs`` says what is returned (`gnomon.presets.Outputs`), and is recognized
    unless given. ``architecture`` lets a checkpoint be saved, ``origin`` lets a run find its
    classifier again. ``weights_sha256`` identifies the weights as they were when the classifier
    was made. ``scorer`` is ``network`` as gnomon asks it for logits (N,K): for one entry of what it
    returns, and for so many images at a time as give each the scores that it has alone.
    Raises ``ClassifierError`` for a network that is no image classifier.
    """

    network: nn.Module
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    class_names: tuple[str, ...] = ()
    name: str = ""
    architecture: Architecture | None = None
    outputs: Outputs = "auto"
    origin: Origin = NOWHERE
    weights_sha256: str = field(init=False)
    scorer: nn.Module = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or type(unwrapped(self.network)).__name__)
        object.__setattr__(self, "network", evaluating_copy(self.network))
        probe = self._probe()
        outputs = recognized(probe, self.outputs, self.name, len(self.class_names))
        object.__setattr__(self, "outputs", outputs)
        object.__setattr__(self, "scorer", with_scores(probe.network, outputs))
        n_classes = 2 if outputs.startswith("binary") else probe.outputs.shape[1]
        names = tuple(self.class_names) or tuple(f"class {i}" for i in range(n_classes))
        if len(names) != n_classes:
            raise ClassifierError(
                f"{self.name} has {n_classes} classes but {len(names)} class names were"
                " given; give one name for each class, in order"
            )
        object.__setattr__(self, "class_names", names)
        object.__setattr__(self, "weights_sha256", _digest(self.network.state_dict()))

    def __repr__(self) -> str:
        return f"<Classifier {quoted(self.name)}: {self.summary}>"

    @property
    def summary(self) -> str:
        """What it takes and gives, in a few words."""
        height, width = self.preprocessing.size
        of = f"{len(self.class_names)} classes ({self.outputs})"
        return f"{of} of images {size(width, height)}, on {self.device}"

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
        """Return this classifier on another device (``"auto"``: the best here); itself if there."""
        target = resolve_device(device)
        if target == self.device:
            return self
        return replace(self, network=evaluating_copy(self.network, target))

    def logits(self, pixels: Tensor) -> Tensor:
        """Compute the class scores (N,K) for RGB pixels (N,3,H,W) in [0,1]; differentiable.

        ``ClassifierError`` where the network fails.
        """
        outputs: Tensor = run(self.scorer, self._normalized(pixels), self.name)
        return outputs

    def _normalized(self, pixels: Tensor) -> Tensor:
        return self.preprocessing.normalize(pixels.to(self.device, self.dtype))

    @torch.no_grad()
    def probabilities(self, pixels: Tensor) -> Tensor:
        """Compute the probabilities (N,K) float64 for RGB pixels (N,3,H,W) in [0,1].

        They sum to 1, but for a network of which each class stands by itself.

        ``ClassifierError`` where the outputs are not finite.
        """
        logits = self.logits(pixels)
        if not logits.isfinite().all():
            raise ClassifierError(f"{self.name} gives outputs that are not finite for this image")
        return probabilities_of(logits.double(), self.outputs)

    @torch.no_grad()
    def _probe(self) -> Probe:
        """Run two random images through the network; see that its outputs are a classifier's."""
        if self.device.type == "meta":
            raise ClassifierError(
                f"{self.name} has weights without values, on the meta device; load them first"
            )
        shape = (2, 3, *self.preprocessing.size)
        pixels = torch.rand(shape, generator=torch.Generator().manual_seed(0))
        pixels[1] /= 4
        pair = self._normalized(pixels)
        try:
            with NoWrites(self.network):
                scorer, outputs = make_scorer(self.network, pair, self.name)
        except WriteError:
            object.__setattr__(self, "network", whole_copy(self.network))
            scorer, outputs = make_scorer(self.network, pair, self.name)
        if not isinstance(outputs, Tensor) or outputs.ndim not in (1, 2) or len(outputs) != 2:
            got = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
            raise ClassifierError(
                f"{self.name} gives {got} for {len(pixels)} images; gnomon needs one row of"
                " outputs for each image, a tensor (N,K): wrap the network so that it returns that"
            )
        if outputs.numel() == 0 or not outputs.is_floating_point():
            raise ClassifierError(
                f"{self.name} gives {outputs.dtype} {tuple(outputs.shape)}; gnomon needs a real"
                " number for each class"
            )
        if not outputs.isfinite().all():
            raise ClassifierError(
                f"{self.name} gives outputs that are not finite (NaN or infinity);"
                " check its weights and preprocessing"
            )
        return Probe(scorer, pair, outputs)


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
    """Return the tensors of an entry, quantized ones as whole numbers, sparse ones filled in."""
    if isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, Tensor) and value.is_quantized:
        yield value.int_repr()
    elif isinstance(value, Tensor):
        yield value if value.layout is torch.strided else value.to_dense()
