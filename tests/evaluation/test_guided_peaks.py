from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torchvision.models import get_model

from gnomon.backprop import guided_backprop
from gnomon.classifier import Classifier
from gnomon.datasets import Sample
from gnomon.evaluation import guided_peaks
from gnomon.geometry import Affine
from gnomon.types import Image


def test_peaks_are_the_best_places_in_file_pixels_and_keep_apart() -> None:
    torch.manual_seed(0)
    classifier = Classifier(get_model("resnet18", weights=None, num_classes=7))
    pixels = torch.rand(3, 96, 96, generator=torch.Generator().manual_seed(1))
    twice = Affine(np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5]]))
    image = Image(pixels, "drawn", "1", (192, 192), twice)
    found = guided_peaks(classifier)(image, Sample(Path("a.png")), 6, 0)
    assert found.frame == "file"
    assert len(found) == 6
    smooth = gaussian_filter(guided_backprop(classifier, image).values.astype(np.float64), 2.0)
    xy = twice.inverse().apply(found.xy)
    x, y = xy[0].round().astype(int)
    assert smooth[y, x] == smooth.max()
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    assert apart[np.triu_indices(6, 1)].min() > 8


def test_no_peak_lies_on_the_ground_that_padding_added() -> None:
    torch.manual_seed(0)
    classifier = Classifier(get_model("resnet18", weights=None, num_classes=7))
    pixels = torch.rand(3, 96, 96, generator=torch.Generator().manual_seed(1))
    image = Image(pixels, "drawn", "1", (96, 48), Affine.translation(0, -24))
    x, y = guided_peaks(classifier)(image, Sample(Path("a.png")), 50, 0).xy.T
    assert len(x) > 0
    assert y.min() >= -0.5
    assert y.max() <= 47.5
