"""Guided backpropagation by itself, the usual map of a class in pixels, as something to compare."""

from gnomon.backprop import guided_backprop
from gnomon.classifier.classifier import Classifier
from gnomon.datasets.sample import Sample
from gnomon.evaluation.apart import APART
from gnomon.evaluation.baselines import Baseline
from gnomon.evaluation.map_peaks import map_peaks
from gnomon.types import Image, Keypoints

SMOOTHING = 2.0
"""Sigma in model pixels; the best of its own in docs/quality.md."""


def guided_peaks(classifier: Classifier) -> Baseline:
    """Propose the peaks of a classifier's smoothed guided backpropagation to the pixels."""

    def propose(image: Image, sample: Sample, count: int, seed: int) -> Keypoints:
        peaks = map_peaks(image, guided_backprop(classifier, image), SMOOTHING, APART)
        return peaks.take(slice(count)).to_file(image.to_file)

    return propose
