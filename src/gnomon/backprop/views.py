"""Views of an image at model size, turned and mirrored, and the way back for maps of them."""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

TURN = 12.0
"""Degrees."""
VIEWS = ((0.0, False), (0.0, True), (TURN, False), (-TURN, True))
"""By how many degrees each is turned, and whether it is mirrored too."""
LEAST_SEEN = 0.3
"""Views that must have seen a pixel for their sum to count as so many."""


def views_of(pixels: Tensor) -> Tensor:
    """Make the views (V,3,H,W) of an image (3,H,W); what lies beyond its border is mirrored."""
    every = pixels[None].expand(len(VIEWS), -1, -1, -1)
    grid = _grid(*pixels.shape[1:], is_back=False).to(pixels)
    views: Tensor = grid_sample(every, grid, padding_mode="reflection", align_corners=False)
    return views


def seen_back(maps: Tensor) -> Tensor:
    """Bring one map of each view (V,1,H,W) back to the image and average them: (1,H,W).

    A pixel's average is over the views that show it.
    """
    grid = _grid(*maps.shape[2:], is_back=True).to(maps)
    both = torch.cat([maps, torch.ones_like(maps)], dim=1)
    total, seen = grid_sample(both, grid, padding_mode="zeros", align_corners=False).sum(0)
    mean: Tensor = total / seen.clamp(min=LEAST_SEEN)
    return mean[None]


def _grid(height: int, width: int, *, is_back: bool) -> Tensor:
    """Return where each view reads the image, or the image each view (V,H,W,2)."""
    size = torch.tensor([float(width), float(height)])
    turns = []
    for angle, is_mirrored in VIEWS:
        (cosine, sine) = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turn = torch.tensor([[cosine, -sine], [sine, cosine]])
        turn = turn @ torch.diag(torch.tensor([-1.0 if is_mirrored else 1.0, 1.0]))
        turns.append(turn.T if is_back else turn)
    # Turned in pixels, said in shares of the sides.
    shares = torch.stack(turns) * size[None, None, :] / size[None, :, None]
    theta = torch.cat([shares, torch.zeros(len(VIEWS), 2, 1)], dim=2)
    grid: Tensor = affine_grid(theta, [len(VIEWS), 1, height, width], align_corners=False)
    return grid
