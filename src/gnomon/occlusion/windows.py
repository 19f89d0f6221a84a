"""Where the occluding windows lie, and what the image shows under them."""

import torch
from torch import Tensor

from gnomon.errors import SettingError


def window_grid(height: int, width: int, patch: int, stride: int) -> Tensor:
    """Lay windows of ``patch`` x ``patch`` at every ``stride`` over an image, row by row.

    Where the stride leaves a rest, a last row and column lie flush with the far edge. Returns
    the top-left corners (N,2) int64 as (y,x). Raises ``SettingError`` where the patch does not fit
    into the image or patch or stride is below 1.

    >>> window_grid(5, 4, patch=2, stride=2).tolist()
    [[0, 0], [0, 2], [2, 0], [2, 2], [3, 0], [3, 2]]
    """
    if stride < 1:
        raise SettingError(f"stride is {stride}; it must be 1 or more pixels")
    if not 1 <= patch <= min(height, width):
        raise SettingError(
            f"patch is {patch}; the image is {width}x{height} pixels at model size, so it must be "
            f"between 1 and {min(height, width)}. Choose a smaller patch or a larger model size"
        )
    return torch.cartesian_prod(_starts(height, patch, stride), _starts(width, patch, stride))


def _starts(length: int, patch: int, stride: int) -> Tensor:
    last = length - patch
    starts = list(range(0, last + 1, stride))
    return torch.tensor(starts if starts[-1] == last else [*starts, last])


def patches_under(pixels: Tensor, windows: Tensor, patch: int) -> Tensor:
    """Copy what ``pixels`` (3,H,W) show under each of ``windows`` (N,2): (N,3,patch,patch)."""
    sliding = pixels.unfold(1, patch, 1).unfold(2, patch, 1)
    return sliding[:, windows[:, 0], windows[:, 1]].transpose(0, 1).contiguous()
