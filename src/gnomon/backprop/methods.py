"""The fine map: how much each pixel says about the predicted class."""

import numpy as np

from gnomon.arguments import checked
from gnomon.backprop.gradients import FineMethod, gradient, smoothgrad
from gnomon.backprop.guided import guided
from gnomon.backprop.layers import guided_layers
from gnomon.classifier.classifier import Classifier
from gnomon.errors import SettingError
from gnomon.plugs import plugged
from gnomon.presets import Target
from gnomon.types import Heatmap, Image

FINE_METHODS: dict[str, FineMethod] = {
    "guided": guided,
    "guided-layers": guided_layers,
    "gradient": gradient,
    "smoothgrad": smoothgrad,
}


@checked
def fine_map(
    classifier: Classifier,
    image: Image,
    *,
    method: str = "guided",
    target: Target = "probability",
    label_index: int | None = None,
    seed: int = 0,
) -> Heatmap:
    """Find how much each pixel says about a class: the maximum over channels of |what is found|.

    ``method`` is a name in ``FINE_METHODS`` or "package.module:name" of a ``FineMethod``;
    ``label_index`` is the predicted class where ``None``. The gradient is taken with respect to
    pixels in [0,1]. Raises ``SettingError`` for an unknown method, target or class, and
    ``ClassifierError`` where the network does not allow the method.
    """
    find = plugged("fine method", method, FINE_METHODS)
    if label_index is None:
        label_index = int(classifier.probabilities(image.pixels[None])[0].argmax())
    signed = find(classifier, image, label_index=label_index, target=target, seed=seed)
    if signed.shape != image.pixels.shape or not signed.isfinite().all():
        raise SettingError(
            f"fine method {method!r} gives a finite map of shape {tuple(image.pixels.shape)}, "
            f"not {tuple(signed.shape)} with NaN or infinity"
        )
    strength = signed.detach().abs().amax(0).cpu().numpy()
    return Heatmap(strength.astype(np.float32), "fine")


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
    rule; docs/activations.md lists the activations. ``ClassifierError`` where there is none.
    """
    return fine_map(classifier, image, target=target, label_index=label_index)
