"""Pixels of more than 8 bits show what tifffile reads, by their format's own range."""

import logging
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile
from numpy.typing import NDArray
from skimage.util import img_as_ubyte

from gnomon.errors import ImageError
from gnomon.images import decode

Values = NDArray[np.generic]
PHOTOMETRIC = ("minisblack", "miniswhite")
READ = {
    *((kind, "minisblack") for kind in (">u1", ">i1", ">u2", ">i2", ">i4", ">f4")),
    *((kind, "minisblack") for kind in ("<u1", "<i1", "<u2", "<i2", "<u4", "<i4", "<f4")),
    *((kind, "miniswhite") for kind in (">u1", ">f4", "<u1", "<u2", "<f4")),
}
"""What Pillow reads of grays that tifffile writes; the rest is refused in one sentence."""


def shown(values: Values, photometric: str = "minisblack", **options: Any) -> NDArray[np.int64]:
    """Decode a TIFF of one row that tifffile wrote."""
    file = BytesIO()
    tifffile.imwrite(file, values[None], photometric=photometric, **options)
    return decode(file.getvalue()).rgb[0, :, 0].astype(int)


def as_stated(values: Values, photometric: str) -> NDArray[np.int64]:
    """Compute what values over the whole range of their type show."""
    low, high = 0.0, 1.0
    if np.issubdtype(values.dtype, np.integer):
        ends = np.iinfo(str(values.dtype))
        low, high = float(ends.min), float(ends.max)
    share = (values.astype(np.float64) - low) / (high - low)
    return np.rint((1 - share if photometric == "miniswhite" else share) * 255).astype(int)


@pytest.mark.parametrize("photometric", PHOTOMETRIC)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f2", "f8", "u8", "i8"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_every_type_order_and_photometric_is_right_or_refused(
    kind: str, order: str, photometric: str, compression: str | None
) -> None:
    dtype = np.dtype(order + kind)
    if dtype.kind == "f":
        values = np.linspace(0, 1, 7).astype(dtype)
    else:
        ends = np.iinfo(dtype)
        steps = [(ends.max - ends.min) * step // 6 + ends.min for step in range(7)]
        values = np.array(steps, dtype)
    options = {"byteorder": order, "compression": compression}
    if (order + kind, photometric) in READ:
        found = shown(values, photometric, **options)
        assert np.abs(found - as_stated(values, photometric)).max() <= 1
    else:
        with pytest.raises(ImageError, match="save it as PNG or JPEG"):
            shown(values, photometric, **options)


@pytest.mark.parametrize("photometric", PHOTOMETRIC)
@pytest.mark.parametrize(
    ("kind", "bits"), [("u2", 8), ("u2", 10), ("u2", 12), ("u2", 14), ("u2", 16)]
)
def test_few_bits_in_many_are_not_dark(kind: str, bits: int, photometric: str) -> None:
    values = np.linspace(0, 2**bits - 1, 9).astype(f"<{kind}")
    expected = np.linspace(0, 255, 9)
    found = shown(values, photometric)
    assert np.abs(found - (expected[::-1] if photometric == "miniswhite" else expected)).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_12_bits_in_16_as_opencv_writes_them(suffix: str) -> None:
    values = np.array([[0, 1000, 2048, 4095]], np.uint16)
    _, data = cv2.imencode(suffix, values)
    assert decode(data.tobytes()).rgb[0, :, 0].tolist() == [0, 62, 128, 255]


def test_signed_integers_that_are_not_negative_are_as_scikit_image_has_them() -> None:
    values = np.array([0, 100, 9000, 20000, 32767], "<i2")
    assert np.abs(shown(values) - img_as_ubyte(values)).max() <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([-1024, 0, 3071], "<i2"), [112, 128, 175]),  # Hounsfield units: 14 bits
        (np.array([-5, 0, 100], "<i4"), [123, 128, 228]),
        (np.array([0, 2**31, 2**32 - 1], "<u4"), [0, 128, 255]),
        (np.array([0, 2**23, 2**24 - 1], "<u4"), [0, 128, 255]),
    ],
)
def test_the_range_is_that_of_the_fewest_usual_bits(values: Values, expected: list[int]) -> None:
    assert shown(values).tolist() == expected


def test_a_12_bit_tiff_states_its_range() -> None:
    samples = [0, 100, 200, 300]
    packed = bytes([0, 0, 100, 0x0C, 0x81, 0x2C])
    file = BytesIO()
    tifffile.imwrite(file, np.zeros((1, 3), np.uint16), photometric="minisblack")
    content = bytearray(file.getvalue())
    with tifffile.TiffFile(BytesIO(bytes(content))) as read:
        tags, place = read.pages[0].tags, read.pages[0].dataoffsets[0]  # type: ignore[union-attr]
        for name, value in (("BitsPerSample", 12), ("ImageWidth", 4)):
            at, width = tags[name].valueoffset, tags[name].valuebytecount
            content[at : at + width] = value.to_bytes(width, "little")
    content[place : place + 6] = packed
    found = decode(bytes(content)).rgb[0, :, 0]
    assert found.tolist() == np.rint(np.array(samples) / 4095 * 255).tolist()


def test_a_pgm_states_its_range() -> None:
    content = b"P5 3 1 4095\n" + np.array([0, 100, 200], ">u2").tobytes()
    assert decode(content).rgb[0, :, 0].tolist() == [0, 6, 12]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_color_whose_bits_are_not_read_is_refused(kind: str) -> None:
    for greatest, is_read in ((255, False), (4095, False), (2**14 - 1, True), (65535, True)):
        values = np.linspace(0, greatest, 12).reshape(2, 2, 3).astype(np.uint16)
        _, data = cv2.imencode(f".{kind.lower()}", values)
        if is_read:
            found = decode(data.tobytes()).rgb[..., ::-1]
            assert np.abs(found - values / 257).max() <= 1
        else:
            with pytest.raises(ImageError, match="the lower ones are not read"):
                decode(data.tobytes())


def test_the_range_is_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gnomon.images.deep"):
        shown(np.array([0, 1000], "<u2"), "miniswhite")
    assert caplog.messages == ["bytes: pixels from 0 to 1000; 1023 is black, 0 is white"]


def test_an_array_in_memory_spans_its_type() -> None:
    values = np.array([[0, 4095]], np.uint16)
    assert decode(values).rgb[0, :, 0].tolist() == [0, 16]
    assert decode(PIL.Image.fromarray(values)).rgb[0, :, 0].tolist() == [0, 16]
