import numpy as np
import torch
from skimage.filters import sobel as reference

from gnomon.evaluation.edges import LUMA, edge_strength
from gnomon.geometry import Affine
from gnomon.types import Image


def test_it_is_scikit_images_sobel_up_to_scale() -> None:
    pixels = torch.rand((3, 20, 30), generator=torch.Generator().manual_seed(0))
    strength = edge_strength(Image(pixels, "noise", "x", (30, 20), Affine.identity()))
    expected = reference(np.tensordot(LUMA, pixels.numpy().astype(np.float64), axes=1))
    ratio = strength / expected
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-12)
