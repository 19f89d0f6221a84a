"""Grad-CAM, the usual map of what a classifier looks at, as something to compare with."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gnomon.classifier.classifier import Classifier
from gnomon.datasets.sample import Sample
from gnomon.errors import ClassifierError
from gnomon.evaluation.apart import strongest_pixels
from gnomon.evaluation.baselines import Baseline
from gnomon.types import Heatmap, Image, Keypoints


def grad_cam(classifier: Classifier, image: Image, label_index: int | None = None) -> Heatmap:
    """Weigh the last spatial feature map's channels by their mean gradient (Selvaraju et al. 2017).

    ``label_index`` is the predicted class where ``None``; the gradient is of its raw output. The
    map is the positive part of the weighted sum, scaled bilinearly to the image. The last map is
    the last output (1,C,h,w), h*w > 1, of any module. ``ClassifierError`` where there is none.
    """
    maps: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[-2:].numel() > 1:
            maps.append(output)

    hooks = [module.register_forward_hook(keep) for module in classifier.network.modules()]
    try:
        with torch.enable_grad():
            logits = classifier.logits(image.pixels[None].clone().requires_grad_())[0]
    finally:
        for hook in hooks:
            hook.remove()
    if not maps:
        raise ClassifierError(f"{classifier.name} has no spatial feature map for Grad-CAM")
    chosen = int(logits.argmax()) if label_index is None else label_index
    (gradient,) = torch.autograd.grad(logits[chosen], maps[-1])
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    strength = (weights * maps[-1].detach()).sum(dim=1, keepdim=True).relu()
    size = (image.height, image.width)
    scaled = interpolate(strength, size=size, mode="bilinear", align_corners=False)[0, 0]
    return Heatmap(scaled.cpu().numpy(), "coarse")


def grad_cam_peaks(classifier: Classifier) -> Baseline:
    """Propose the strongest places of a classifier's Grad-CAM that keep apart."""

    def propose(image: Image, sample: Sample, count: int, seed: int) -> Keypoints:
        values = grad_cam(classifier, image).values.astype(np.float64)
        xy = strongest_pixels(values, count)
        return Keypoints.at(xy, np.arange(len(xy), 0, -1)).to_file(image.to_file)

    return propose
