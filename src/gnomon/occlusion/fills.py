"""What a window is filled with: one function a way of filling, and the table of their names."""

from hashlib import blake2b
from typing import Protocol

import numpy as np
import torch
from numpy.random import Philox
from scipy.ndimage import gaussian_filter
from torch import Tensor

from gnomon.occlusion.windows import patches_under
from gnomon.types import Image


class Fill(Protocol):
    """Makes the patches that hide an image's windows."""

    def __call__(self, image: Image, windows: Tensor, patch: int, seed: int, draw: int) -> Tensor:
        """Fill ``windows`` (N,2), top-left (y,x): patches (N,3,patch,patch) float32 in [0,1].

        A patch depends on the image, its own window, ``patch``, ``seed`` and ``draw`` alone;
        ``draw`` counts the repetitions of a random fill.
        """
        ...


def random(image: Image, windows: Tensor, patch: int, seed: int, draw: int) -> Tensor:
    """Fill with independent random colors, one of 256 levels for each pixel and channel.

    Counter-based (Philox): the key comes from seed, image content, patch and draw, the counter
    from the window, so that order, batch, process and machine change nothing.
    """
    given = f"{seed}/{image.content_hash}/{patch}/{draw}".encode()
    key = np.frombuffer(blake2b(given, digest_size=16).digest(), dtype="<u8")
    size = 3 * patch * patch
    colors = np.empty((len(windows), size), dtype=np.uint8)
    for row, (y, x) in zip(colors, windows.tolist(), strict=True):
        stream = Philox(key=key, counter=np.array([0, x, y, 0], dtype=np.uint64))
        row[:] = stream.random_raw(-(-size // 8)).astype("<u8").view(np.uint8)[:size]
    return torch.from_numpy(colors).view(-1, 3, patch, patch).float() / 255


def constant(image: Image, windows: Tensor, patch: int, seed: int, draw: int) -> Tensor:
    """Fill with mid gray, 0.5."""
    return torch.full((len(windows), 3, patch, patch), 0.5)


def mean(image: Image, windows: Tensor, patch: int, seed: int, draw: int) -> Tensor:
    """Fill with the image's mean color."""
    color = image.pixels.cpu().numpy().mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
    return torch.from_numpy(color).view(1, 3, 1, 1).repeat(len(windows), 1, patch, patch)


def blur(image: Image, windows: Tensor, patch: int, seed: int, draw: int) -> Tensor:
    """Fill with the image itself behind a Gaussian blur, its sigma half the patch."""
    sigma = (0, patch / 2, patch / 2)
    blurred = gaussian_filter(image.pixels.cpu().numpy(), sigma, mode="nearest")
    return patches_under(torch.from_numpy(blurred).clamp(0, 1), windows, patch)


FILLS: dict[str, Fill] = {"random": random, "constant": constant, "mean": mean, "blur": blur}
