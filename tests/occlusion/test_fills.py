from hashlib import blake2b, sha256
from itertools import pairwise

import numpy as np
import pytest
import torch

from gnomon.geometry import Affine
from gnomon.occlusion.fills import FILLS
from gnomon.occlusion.windows import window_grid
from gnomon.types import Image


def image(content_hash: str = "some image", height: int = 40, width: int = 56) -> Image:
    pixels = torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))
    return Image(pixels, "drawn", content_hash, (width, height), Affine.identity())


def digest(patches: torch.Tensor) -> str:
    return sha256(patches.numpy().tobytes()).hexdigest()


@pytest.mark.parametrize("name", sorted(FILLS))
@pytest.mark.parametrize("patch", [1, 7, 16])
def test_every_fill_gives_one_patch_a_window_whatever_its_company(name: str, patch: int) -> None:
    fill, windows = FILLS[name], window_grid(40, 56, patch, 8)
    patches = fill(image(), windows, patch, 0, 0)
    assert patches.shape == (len(windows), 3, patch, patch)
    assert patches.dtype == torch.float32
    assert 0 <= patches.min() <= patches.max() <= 1
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(1))
    assert torch.equal(fill(image(), windows[order], patch, 0, 0), patches[order])
    assert torch.equal(fill(image(), windows[3:4], patch, 0, 0), patches[3:4])


def test_random_colors_are_uniform_and_independent() -> None:
    patches = FILLS["random"](image(height=224, width=224), window_grid(224, 224, 16, 8), 16, 0, 0)
    levels = (patches * 255).round().long().flatten()
    counts = torch.bincount(levels, minlength=256).double()
    expected = len(levels) / 256
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert 255 - 5 * 22.6 < chi_squared < 255 + 5 * 22.6  # mean 255, standard deviation sqrt(510)
    flat = patches.flatten(1).double().numpy()
    for one, other in [*pairwise(flat[:20]), (flat[:, 0], flat[:, 1]), (flat[0, :-1], flat[0, 1:])]:
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(len(one))
    assert len(np.unique(flat, axis=0)) == len(flat)


def test_random_colors_depend_on_each_of_seed_content_window_patch_and_draw() -> None:
    fill, window = FILLS["random"], torch.tensor([[8, 16]])
    assert torch.equal(fill(image(), window, 8, 0, 0), fill(image(height=99), window, 8, 0, 0))
    variants = [
        fill(image(), window, 8, 0, 0),
        fill(image(), window, 8, 1, 0),
        fill(image(), window, 8, 0, 1),
        fill(image("another image"), window, 8, 0, 0),
        fill(image(), window.flip(1), 8, 0, 0),
        fill(image(), window, 16, 0, 0)[:, :, :8, :8],
    ]
    assert len({digest(variant.contiguous()) for variant in variants}) == len(variants)


def philox(key: list[int], counter: list[int]) -> bytes:
    """One block of Philox4x64-10 (Salmon et al., SC 2011), word by word."""
    for turn in range(10):
        high0, low0 = divmod(0xD2E7470EE14C6C93 * counter[0], 2**64)
        high1, low1 = divmod(0xCA5A826395121157 * counter[2], 2**64)
        weyl = [(key[0] + turn * 0x9E3779B97F4A7C15), (key[1] + turn * 0xBB67AE8584CAA73B)]
        left, right = weyl[0] % 2**64, weyl[1] % 2**64
        counter = [high1 ^ counter[1] ^ left, low1, high0 ^ counter[3] ^ right, low0]
    return b"".join(word.to_bytes(8, "little") for word in counter)


@pytest.mark.parametrize("patch", [3, 16])
def test_random_colors_are_what_philox_says_byte_for_byte(patch: int) -> None:
    windows = window_grid(40, 56, patch, 8)[::5]
    patches = FILLS["random"](image(), windows, patch, 3, 1)
    hashed = blake2b(f"3/some image/{patch}/1".encode(), digest_size=16).digest()
    key = [int.from_bytes(hashed[:8], "little"), int.from_bytes(hashed[8:], "little")]
    for colors, (y, x) in zip(patches, windows.tolist(), strict=True):
        blocks = -(-3 * patch * patch // 32)
        stream = b"".join(philox(key, [block, x, y, 0]) for block in range(1, blocks + 1))
        expected = torch.tensor(list(stream[: 3 * patch * patch])) / 255
        assert torch.equal(colors.flatten(), expected)


def test_mean_is_the_images_own_color() -> None:
    patches = FILLS["mean"](image(), torch.tensor([[0, 0]]), 4, 0, 0)
    np.testing.assert_allclose(patches[0, :, 1, 2], image().pixels.mean(dim=(1, 2)), rtol=1e-6)


def test_blur_keeps_a_plain_image_and_smooths_another() -> None:
    windows = window_grid(40, 56, 16, 8)
    plain = Image(torch.full((3, 40, 56), 0.25), "plain", "plain", (56, 40), Affine.identity())
    np.testing.assert_allclose(FILLS["blur"](plain, windows, 16, 0, 0), 0.25, rtol=1e-6)
    assert FILLS["blur"](image(), windows, 16, 0, 0).std() < 0.1 * image().pixels.std()
