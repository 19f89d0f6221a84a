"""What every engine must give: one forward pass for each occluded copy."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def one_by_one(network: nn.Module, image: Tensor, windows: Tensor, patches: Tensor) -> Tensor:
    """Fill each window (y, x) of the image with its patch, and run the network on that alone."""
    size = patches.shape[2]
    rows = []
    for (y, x), patch in zip(windows.tolist(), patches, strict=True):
        hidden = image.clone()
        hidden[:, y : y + size, x : x + size] = patch
        rows.append(network(hidden[None])[0])
    return torch.stack(rows)
