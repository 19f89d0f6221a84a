"""Guided backpropagation read on its way too: at inner layers, whose evidence lights the pixels.

At the pixels guided backpropagation follows every edge; at inner layers it knows objects and parts,
but not to the pixel. Their product has both.
"""

import math
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gnomon.backprop.gradients import pixel_gradient
from gnomon.backprop.guided import GuidedError, guided_backward
from gnomon.classifier.classifier import Classifier
from gnomon.presets import Target
from gnomon.types import Image

FROM, TO = 6, 8
"""Tenths of the way through the network between which its layers are read."""
POWER = 1 / 4


def guided_layers(
    classifier: Classifier, image: Image, *, label_index: int, target: Target, seed: int
) -> Tensor:
    """Give m^(1/4) · Σ E_l / mean E_l: guided backpropagation m, lit by inner layers l.

    It is (3,H,W), the same for each channel. E_l = Σ_c max(R, 0) max(z, 0) over the channels of an
    activation's input z at which R arrives by the guided rule, scaled bilinearly to the image. The
    layers are those from 60 % to 80 % of the activations that have maps, in the order of computing.
    By measurement: docs/quality.md. ``GuidedError`` where there are none, as in a plain transformer
    or a network that looks at several views of the image: ``guided`` reads the pixels alone.
    """
    passed: list[Tensor] = []

    def note(arrived: Tensor, z: Tensor) -> None:
        channels = _channels(z, image)
        if channels is None:
            return
        # Of copies that only fill up a batch, nothing arrives; several views lie each otherwise.
        rows = arrived.flatten(1).any(1).nonzero()[:, 0] if len(z) > 1 else torch.arange(1)
        if len(rows) == 1:
            passed.append((arrived[rows].clamp(min=0) * z[rows].clamp(min=0)).sum(channels))

    signed = pixel_gradient(
        classifier,
        image.pixels[None],
        label_index=label_index,
        target=target,
        backward=partial(guided_backward, note=note),
    )
    pixels = signed[0].abs().amax(0, keepdim=True)
    layers = _inner(passed[::-1])
    if not layers:
        raise GuidedError(
            "guided-layers found no layer whose maps lie as the image does", instead="guided"
        )
    lit = pixels**POWER * torch.stack([_light(one, image) for one in layers]).sum(0)
    return lit.expand(3, -1, -1)


def _light(evidence: Tensor, image: Image) -> Tensor:
    """Bring a layer's evidence (1,h,w) to mean 1, unless all is 0, and to the image's size."""
    evidence = evidence.cpu().double()
    mean = evidence.mean()
    even = evidence / mean if mean > 0 else evidence
    return interpolate(even[None], size=(image.height, image.width), mode="bilinear")[0]


def _channels(z: Tensor, image: Image) -> int | None:
    """Find the axis of the channels: the other two cut the image into cells of its own shape."""
    if z.ndim != 4:
        return None
    for channels, (height, width) in ((1, z.shape[2:]), (3, z.shape[1:3])):
        uneven = abs(height * image.width - width * image.height)
        if min(height, width) > 1 and uneven < max(image.width, image.height):
            return channels
    return None


def _inner(layers: list[Tensor]) -> list[Tensor]:
    """Choose, of all layers in the order of computing, those that are read: one at the least."""
    first = math.ceil(FROM * len(layers) / 10) - 1
    return layers[first : max(TO * len(layers) // 10, first + 1)]
