"""Guided backpropagation read on its way too: at inner layers, whose evidence lights the pixels.

At the pixels guided backpropagation follows every edge; at inner layers it knows objects and parts,
but not to the pixel. ``guided_layers`` multiplies both; ``layers`` is the inner layers' evidence
alone, for keypoints whose places the image's own structure finds.
"""

import math
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gnomon.backprop.gradients import pixel_gradient
from gnomon.backprop.guided import GuidedError, guided_backward
from gnomon.backprop.views import seen_back, views_of
from gnomon.classifier.classifier import Classifier
from gnomon.presets import Target
from gnomon.types import Image

FROM, TO = 6, 8
"""Tenths of the way through the network between which its layers are read."""
POWER = 1 / 4


def guided_layers(
    classifier: Classifier, image: Image, *, label_index: int, target: Target, seed: int
) -> Tensor:
    """Return m^(1/4) · Σ E_l / mean E_l: guided backpropagation m, lit by inner layers l.

    It is (3,H,W), the same for each channel; E_l is as in ``layers``. By measurement:
    docs/quality.md. Raises ``GuidedError`` as ``layers`` does.
    """
    signed, read = _read(classifier, image.pixels[None], label_index, target)
    pixels = signed.abs().amax(1)
    lit = pixels**POWER * _evidence(read, image.height, image.width)
    return lit.expand(3, -1, -1)


def layers(
    classifier: Classifier, image: Image, *, label_index: int, target: Target, seed: int
) -> Tensor:
    """Compute Σ E_l / mean E_l, the evidence of inner layers l (3,H,W), the same for each channel.

    E_l = Σ_c max(R, 0) max(z, 0) over the channels of an activation's input z at which R arrives by
    the guided rule, scaled bilinearly to the image. The layers are those from 60 % to 80 % of the
    activations that have maps, in the order of computing. ``GuidedError`` where there are none, as
    in a plain transformer or a network that looks at several views of the image: ``guided`` reads
    the pixels alone.
    """
    _, read = _read(classifier, image.pixels[None], label_index, target)
    return _evidence(read, image.height, image.width).expand(3, -1, -1)


def layers_views(
    classifier: Classifier, image: Image, *, label_index: int, target: Target, seed: int
) -> Tensor:
    """Average what ``layers`` gives over four views of the image: mirrored, and turned by 12°.

    Each view's evidence is brought back to the image before. It changes less when the image does:
    the network sees what lies on the borders of its cells four times, each time elsewhere.
    """
    pixels = views_of(image.pixels)
    (height, width) = image.height, image.width
    try:
        _, read = _read(classifier, pixels, label_index, target)
        seen = _evidence(read, height, width)
    except GuidedError:  # of networks that take one image at a time, too
        each = [_read(classifier, view[None], label_index, target)[1] for view in pixels]
        seen = torch.cat([_evidence(read, height, width) for read in each])
    return seen_back(seen[:, None])[0].expand(3, -1, -1)


def _read(
    classifier: Classifier, pixels: Tensor, label_index: int, target: Target
) -> tuple[Tensor, list[Tensor]]:
    """Backpropagate from views (V,3,H,W): what arrives at them, and inner layers' (V,h,w)."""
    passed: list[Tensor] = []

    def note(arrived: Tensor, z: Tensor) -> None:
        channels = _channels(z, *pixels.shape[2:])
        if channels is None:
            return
        # Of copies that only fill up a batch, nothing arrives; several views lie each otherwise.
        rows = torch.arange(len(z))
        if len(pixels) == 1 and len(z) > 1:
            rows = arrived.flatten(1).any(1).nonzero()[:, 0]
        if len(rows) == len(pixels):
            passed.append((arrived[rows].clamp(min=0) * z[rows].clamp(min=0)).sum(channels))

    signed = pixel_gradient(
        classifier,
        pixels,
        label_index=label_index,
        target=target,
        backward=partial(guided_backward, note=note),
    )
    if not passed:
        raise GuidedError("found no layer whose maps lie as the image does", instead="guided")
    return signed, _inner(passed[::-1])


def _evidence(read: list[Tensor], height: int, width: int) -> Tensor:
    """Sum layers (V,h,w), each view of each brought to mean 1 unless all is 0: (V,H,W)."""
    total = torch.zeros(len(read[0]), height, width, dtype=torch.float64)
    for layer in read:
        evidence = layer.cpu().double()
        mean = evidence.mean((1, 2), keepdim=True)
        even = evidence / torch.where(mean > 0, mean, 1.0)
        total += interpolate(even[:, None], size=(height, width), mode="bilinear")[:, 0]
    return total


def _channels(z: Tensor, high: int, wide: int) -> int | None:
    """Find the axis of the channels: the other two cut the image into cells of its own shape."""
    if z.ndim != 4:
        return None
    for channels, (height, width) in ((1, z.shape[2:]), (3, z.shape[1:3])):
        uneven = abs(height * wide - width * high)
        if min(height, width) > 1 and uneven < max(wide, high):
            return channels
    return None


def _inner(layers: list[Tensor]) -> list[Tensor]:
    """Choose, of all layers in the order of computing, those that are read: one at the least."""
    first = math.ceil(FROM * len(layers) / 10) - 1
    return layers[first : max(TO * len(layers) // 10, first + 1)]
