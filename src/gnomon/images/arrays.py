"""Pixels that are in memory already: arrays and tensors to 8-bit RGB."""

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from gnomon.errors import ImageError
from gnomon.images.picture import GROUND, Rgb

Pixels = NDArray[np.generic]


def rgb_from_array(array: Pixels, name: str) -> Rgb:
    """Turn (H,W), (H,W,1), (H,W,3) or (H,W,4) values into RGB (H,W,3).

    uint8 and uint16 span their whole range, bool is black and white, floats are in [0,1]. A fourth
    channel is opacity. Raises ``ImageError`` for any other shape, type or range.
    """
    channels = array.shape[-1] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or array.size == 0:
        raise ImageError(
            f"{name}: an image is an array of shape (H,W), (H,W,1), (H,W,3) or (H,W,4), "
            f"not {array.shape}; give one image, channels last"
        )
    values = eight_bits(array, name).reshape(*array.shape[:2], channels)
    if channels == 4:
        return over_ground(PIL.Image.fromarray(values))
    return np.ascontiguousarray(np.broadcast_to(values, (*array.shape[:2], 3)))


def rgb_from_tensor(tensor: torch.Tensor, name: str) -> Rgb:
    """Turn a tensor (3,H,W), (1,H,W) or (H,W), on any device, into RGB (H,W,3).

    Its values are as in ``rgb_from_array``.
    """
    shape = tuple(tensor.shape)
    if tensor.ndim not in (2, 3) or (tensor.ndim == 3 and shape[0] not in (1, 3)) or 0 in shape:
        raise ImageError(
            f"{name}: an image is a tensor of shape (3,H,W), (1,H,W) or (H,W), not {shape}; "
            "give one image, channels first"
        )
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    array = tensor.detach().cpu().numpy()
    return rgb_from_array(array if array.ndim == 2 else array.transpose(1, 2, 0), name)


def eight_bits(values: Pixels, name: str) -> Rgb:
    """Scale values of any allowed type to 0...255, rounded; shape stays."""
    if values.dtype == np.uint8:
        return values.astype(np.uint8)
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if values.dtype.kind != "f":
        raise ImageError(
            f"{name}: pixels are uint8, uint16, bool or floats in [0, 1], not {values.dtype}; "
            "convert them, for example with .astype('uint8')"
        )
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= 1):
        raise ImageError(
            f"{name}: floating-point pixels are in [0, 1], these from {low:g} to {high:g}; "
            "scale them, or give 0...255 as uint8"
        )
    return np.rint(values.astype(np.float64) * 255).astype(np.uint8)


def over_ground(image: PIL.Image.Image) -> Rgb:
    """Lay a partly transparent picture over neutral gray."""
    ground = PIL.Image.new("RGBA", image.size, GROUND)
    return np.array(PIL.Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB"))
