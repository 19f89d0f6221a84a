"""The fine map: how much each pixel says about the predicted class."""

import warnings
from dataclasses import dataclass

import numpy as np

from gnomon.arguments import checked
from gnomon.backprop.gradients import FineMethod, gradient, smoothgrad
from gnomon.backprop.guided import GuidedError, guided
from gnomon.backprop.layers import guided_layers, layers, layers_views
from gnomon.classifier.classifier import Classifier
from gnomon.errors import SettingError
from gnomon.plugs import plugged
from gnomon.presets import Target
from gnomon.types import Heatmap, Image

FINE_METHODS: dict[str, FineMethod] = {
    "guided": guided,
    "guided-layers": guided_layers,
    "layers": layers,
    "layers-views": layers_views,
    "gradient": gradient,
    "smoothgrad": smoothgrad,
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FineMap(Heatmap):
    """A fine map, and the ``method`` by which it was found."""

    method: str


@checked
def fine_map(
    classifier: Classifier,
    image: Image,
    *,
    method: str = "guided",
    target: Target = "probability",
    label_index: int | None = None,
    seed: int = 0,
) -> FineMap:
    """Find how much each pixel says about a class: the maximum over channels of |what is found|.

    ``method`` is a name in ``FINE_METHODS`` or "package.module:name" of a ``FineMethod``;
    ``label_index`` is the predicted class where ``None``. The gradient is taken with respect to
    pixels in [0,1]. Where a guided method cannot read the network, the map is found by the nearest
    one that can, and names it; a warning says why. Raises ``SettingError`` for an unknown method,
    target or class, and ``ClassifierError`` where the network has no gradient.
    """
    find = plugged("fine method", method, FINE_METHODS)
    if label_index is None:
        label_index = int(classifier.probabilities(image.pixels[None])[0].argmax())
    while True:
        try:
            signed = find(classifier, image, label_index=label_index, target=target, seed=seed)
            break
        except GuidedError as error:
            method, find = error.instead, FINE_METHODS[error.instead]
            if method != "guided":
                warnings.warn(
                    f"{classifier.name}: {error}; its fine map is found by {method!r}", stacklevel=2
                )
    if signed.shape != image.pixels.shape or not signed.isfinite().all():
        raise SettingError(
            f"fine method {method!r} gives a finite map of shape {tuple(image.pixels.shape)}, "
            f"not {tuple(signed.shape)} with NaN or infinity"
        )
    strength = signed.detach().abs().amax(0).cpu().numpy()
    return FineMap(strength.astype(np.float32), "fine", method)


@checked
def guided_backprop(
    classifier: Classifier,
    image: Image,
    *,
    target: Target = "probability",
    label_index: int | None = None,
) -> Heatmap:
    """Find the fine map by guided backpropagation (Springenberg et al. 2014, arXiv 1412.6806).

    At each activation f of z, R = (z > 0) f'(z) max(R_above, 0), which for a ReLU is the paper's
    rule; docs/activations.md lists the activations. Where there is none, it is the plain gradient,
    as ``fine_map`` says.
    """
    return fine_map(classifier, image, target=target, label_index=label_index)
