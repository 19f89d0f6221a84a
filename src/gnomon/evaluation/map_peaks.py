"""The peaks of one map by itself, smoothed, on the photograph."""

import numpy as np
from scipy.ndimage import gaussian_filter

from gnomon.locate import inside_file
from gnomon.peaks import candidates
from gnomon.types import Heatmap, Image, Keypoints


def map_peaks(image: Image, heatmap: Heatmap, smoothing: float, radius: float) -> Keypoints:
    """Find the peaks of a map smoothed by a Gaussian, ``radius`` apart, best first, model pixels.

    What lies on the ground that padding added is left out.
    """
    values = gaussian_filter(heatmap.values.astype(np.float64), smoothing, mode="reflect")
    smooth = Heatmap(values.astype(np.float32), heatmap.kind)
    return inside_file(candidates(smooth, radius), image)
