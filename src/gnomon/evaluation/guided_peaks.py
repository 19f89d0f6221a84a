"""Guided backpropagation by itself, the usual map of a class in pixels, as something to compare."""

import numpy as np
from scipy.ndimage import gaussian_filter

from gnomon.backprop import guided_backprop
from gnomon.classifier.classifier import Classifier
from gnomon.datasets.sample import Sample
from gnomon.evaluation.apart import APART
from gnomon.evaluation.baselines import Baseline
from gnomon.peaks import candidates
from gnomon.types import Heatmap, Image, Keypoints

SMOOTHING = 2.0
"""Sigma in model pixels; the best of its own in docs/quality.md."""


def guided_peaks(classifier: Classifier) -> Baseline:
    """Propose the peaks of a classifier's smoothed guided backpropagation to the pixels."""

    def propose(image: Image, sample: Sample, count: int, seed: int) -> Keypoints:
        values = guided_backprop(classifier, image).values.astype(np.float64)
        smooth = gaussian_filter(values, SMOOTHING, mode="reflect").astype(np.float32)
        peaks = candidates(Heatmap(smooth, "fine"), APART)
        return peaks.take(slice(count)).to_file(image.to_file)

    return propose
