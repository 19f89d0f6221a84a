"""Fine maps from plain gradients, and the one backward pass that every fine method shares."""

from collections.abc import Callable
from itertools import chain
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from gnomon.backprop.targets import cotangent
from gnomon.classifier.classifier import Classifier
from gnomon.classifier.outputs import is_multilabel
from gnomon.errors import ClassifierError, GnomonError
from gnomon.memory import is_out_of_memory
from gnomon.presets import Target
from gnomon.types import Image

Backward = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(outputs (N,K), pixels (N,3,H,W), direction (N,K)) -> what arrives at the pixels (N,3,H,W)."""

HIDDEN_BY_A_SIGMOID = ("binary-probabilities", "multilabel-probabilities")


class FineMethod(Protocol):
    """Measures what each channel of each pixel says about a class: (3,H,W), signed, any device."""

    def __call__(
        self, classifier: Classifier, image: Image, *, label_index: int, target: Target, seed: int
    ) -> Tensor:
        """Return the map for the class ``label_index``; ``seed`` feeds whatever is random."""
        ...


def plain_backward(outputs: Tensor, pixels: Tensor, direction: Tensor) -> Tensor:
    """Backpropagate to the pixels alone: no parameter receives a gradient."""
    arrived: Tensor | None = None
    if outputs.requires_grad:
        try:
            (arrived,) = torch.autograd.grad(outputs, pixels, direction, allow_unused=True)
        except GnomonError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise ClassifierError(f"the network cannot be backpropagated: {error}") from error
    if arrived is None:
        raise ClassifierError(
            "no gradient reaches the pixels: the network detaches them, runs under no_grad or is "
            "quantized; give it as it was before"
        )
    return arrived


def pixel_gradient(
    classifier: Classifier,
    pixels: Tensor,
    *,
    label_index: int,
    target: Target,
    backward: Backward = plain_backward,
) -> Tensor:
    """Backpropagate a class's score to the pixels.

    ``pixels`` (N,3,H,W) in [0,1], N images that do not mix. Returns (N,3,H,W) float64 on the CPU,
    per unit of pixel value. The network is left as it was. ``ClassifierError`` where the outputs
    or the gradient are not finite, or do not depend on the pixels in a way that autograd can see,
    and where the network fails on its way to them or back.
    """
    weights = chain(classifier.network.parameters(), classifier.network.buffers())
    if any(weight.is_inference() for weight in weights):
        raise ClassifierError(
            "the network was made under torch.inference_mode, which bars gradients for good; "
            "make it outside"
        )
    with torch.inference_mode(False), torch.enable_grad():
        leaf = pixels.detach().clone().requires_grad_()
        outputs = classifier.logits(leaf)
        if not outputs.isfinite().all():
            raise ClassifierError("the network's outputs are not finite")
        multilabel = is_multilabel(classifier.outputs)
        direction, scale = cotangent(outputs, label_index, target, multilabel=multilabel)
        arrived = backward(outputs, leaf, direction.to(outputs))
    if classifier.outputs in HIDDEN_BY_A_SIGMOID and not arrived.any():
        raise ClassifierError(
            f"{classifier.name} is so sure of this image that its sigmoid rounds to 0 or 1, and no"
            " gradient comes through; let the network return its scores without the sigmoid"
        )
    if not arrived.isfinite().all():
        raise ClassifierError("the gradient at the pixels is not finite")
    return arrived.detach().cpu().double() * scale[:, None, None, None]


def gradient(
    classifier: Classifier, image: Image, *, label_index: int, target: Target, seed: int
) -> Tensor:
    """Return the plain gradient (Simonyan et al. 2013, arXiv 1312.6034)."""
    pixels = image.pixels[None]
    return pixel_gradient(classifier, pixels, label_index=label_index, target=target)[0]


def smoothgrad(
    classifier: Classifier,
    image: Image,
    *,
    label_index: int,
    target: Target,
    seed: int,
    copies: int = 50,
    noise: float = 0.15,
) -> Tensor:
    """Average the gradient over noisy copies of the image (Smilkov et al. 2017, arXiv 1706.03825).

    The noise is normal, its deviation ``noise`` times the image's range of values; it depends on
    ``seed`` and the image's content alone.
    """
    random = np.random.default_rng([seed, *image.content_hash.encode()])
    deviation = noise * float(image.pixels.max() - image.pixels.min())
    total = torch.zeros(image.pixels.shape, dtype=torch.float64)
    for _ in range(copies):
        shift = torch.from_numpy(random.standard_normal(tuple(image.pixels.shape), np.float32))
        noisy = image.pixels.cpu() + deviation * shift
        total += pixel_gradient(classifier, noisy[None], label_index=label_index, target=target)[0]
    return total / copies
