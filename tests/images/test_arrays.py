"""Arrays, tensors, Pillow images and files of one picture are one picture."""

from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from numpy.typing import NDArray

from gnomon.errors import ImageError
from gnomon.images import Source, decode

Rgb = NDArray[np.uint8]


def same_pictures(rgb: Rgb) -> dict[str, Source]:
    file = BytesIO()
    PIL.Image.fromarray(rgb).save(file, "PNG")
    unit = rgb / 255
    chw = torch.from_numpy(rgb).permute(2, 0, 1)
    return {
        "bytes": file.getvalue(),
        "file opened by Pillow": PIL.Image.open(BytesIO(file.getvalue())),
        "Pillow": PIL.Image.fromarray(rgb),
        "uint8": rgb,
        "uint16": rgb.astype(np.uint16) * 257,
        "big-endian uint16": (rgb.astype(np.uint16) * 257).astype(">u2"),
        "float64": unit,
        "float32": unit.astype(np.float32),
        "float16": unit.astype(np.float16),
        "opaque": np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]),
        "strided": np.asfortranarray(rgb),
        "flipped view": rgb[::-1].copy()[::-1],
        "tensor uint8": chw,
        "tensor float32": chw / 255,
        "tensor with a gradient": (chw / 255).requires_grad_(),
    }


@pytest.mark.parametrize("kind", list(same_pictures(np.zeros((2, 2, 3), np.uint8))))
def test_one_picture_has_one_hash(rgb: Rgb, kind: str) -> None:
    picture = decode(same_pictures(rgb)[kind])
    assert np.array_equal(picture.rgb, rgb)
    assert picture.content_hash == sha256(b"(16, 24, 3)" + rgb.tobytes()).hexdigest()


def test_gray_is_the_same_in_every_shape() -> None:
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    stacked = np.stack([gray] * 3, axis=-1)
    tensor = torch.from_numpy(gray)
    for source in (gray, gray[..., None], tensor, tensor[None], PIL.Image.fromarray(gray)):
        assert np.array_equal(decode(source).rgb, stacked)


def test_hash_tells_shape_and_content_apart(rgb: Rgb) -> None:
    other = rgb.copy()
    other[3, 4, 2] ^= 1
    hashes = [decode(x).content_hash for x in (rgb, other, rgb.reshape(24, 16, 3), rgb[:, ::-1])]
    assert len(set(hashes)) == 4


def test_black_and_white() -> None:
    bits = np.array([[True, False]])
    assert decode(bits).rgb[0, :, 0].tolist() == [255, 0]
    assert decode(torch.from_numpy(bits)).rgb[0, :, 0].tolist() == [255, 0]


def test_bfloat16() -> None:
    assert decode(torch.tensor([[0.0, 0.5, 1.0]]).bfloat16()).rgb[0, :, 0].tolist() == [0, 128, 255]


def test_fourth_channel_is_opacity() -> None:
    rgba = np.array([[[0, 0, 0, 255], [0, 0, 0, 0], [255, 0, 0, 51]]], np.uint8)
    expected = np.array([[0, 0, 0], [128, 128, 128], [153, 102, 102]])
    assert np.abs(decode(rgba).rgb[0] - expected).max() <= 1
    assert np.abs(decode(rgba / 255).rgb[0] - expected).max() <= 1


def test_every_uint16_is_rounded_to_the_nearest() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(decode(values).rgb[..., 0], np.rint(values / 257))


def test_the_source_is_left_alone(rgb: Rgb) -> None:
    image = PIL.Image.fromarray(rgb)
    image.getexif()[0x0112] = 6
    picture = decode(image)
    assert picture.size == (16, 24)
    assert image.size == (24, 16)
    assert image.getexif()[0x0112] == 6
    first = decode(rgb)
    rgb[:] = 0
    assert first.rgb.any()


def test_pillow_image_of_a_file_has_its_name(rgb: Rgb, in_file: Callable[..., Path]) -> None:
    path = in_file(PIL.Image.fromarray(rgb), "a.png")
    with PIL.Image.open(path) as image:
        assert decode(image).name == str(path)
    assert decode(PIL.Image.fromarray(rgb)).name == "PIL image"
    assert decode(rgb).name == "array"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.zeros((2, 3, 4, 3)), "not (2, 3, 4, 3); give one image, channels last"),
        (np.zeros((3, 8, 8), np.uint8), "not (3, 8, 8)"),
        (np.zeros((8, 8, 2), np.uint8), "not (8, 8, 2)"),
        (np.zeros(5), "not (5,)"),
        (np.zeros((0, 4, 3), np.uint8), "not (0, 4, 3)"),
        (np.zeros((4, 4), np.int64), "not int64; convert them"),
        (np.zeros((4, 4), object), "not object"),
        (np.full((4, 4), 1.5), "in [0, 1], these from 1.5 to 1.5; scale them"),
        (np.array([[0.5, np.nan]]), "from nan to nan"),
        (np.array([[-0.1, 1]]), "from -0.1 to 1"),
        (torch.zeros(1, 3, 8, 8), "not (1, 3, 8, 8); give one image, channels first"),
        (torch.zeros(8, 8, 3), "not (8, 8, 3)"),
        (torch.zeros(3, 0, 8), "not (3, 0, 8)"),
        (torch.zeros(3, 8, 8, dtype=torch.int32), "not int32"),
        (torch.full((3, 8, 8), 255.0), "these from 255 to 255"),
    ],
)
def test_what_is_no_image_gets_a_sentence(source: Source, words: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode(source)
    assert words in str(caught.value)
