"""What a detector of edges, which knows nothing of the classifier, makes of an image."""

import numpy as np
from scipy.ndimage import sobel

from gnomon.types import Floats, Image

LUMA = np.array([0.299, 0.587, 0.114])


def edge_strength(image: Image) -> Floats:
    """Sobel's gradient magnitude (H,W) of the image's luma (ITU-R BT.601) at model size."""
    gray = np.tensordot(LUMA, image.pixels.cpu().numpy().astype(np.float64), axes=1)
    strength: Floats = np.hypot(
        sobel(gray, axis=0, mode="reflect"), sobel(gray, axis=1, mode="reflect")
    )
    return strength
