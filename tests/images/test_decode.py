"""What a file holds is what the picture shows, for every kind of pixel."""

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from PIL import ImageOps
from skimage.color import lab2xyz, xyz2rgb

from gnomon.images import Picture, decode

Rgb = NDArray[np.uint8]
Save = Callable[..., Path]


def encoded(image: PIL.Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA", "QOI"])
def test_lossless_color_is_kept(rgb: Rgb, kind: str) -> None:
    assert np.array_equal(decode(encoded(PIL.Image.fromarray(rgb), kind)).rgb, rgb)


@pytest.mark.parametrize("kind", ["WEBP", "JPEG2000"])
def test_lossless_by_option(rgb: Rgb, kind: str) -> None:
    data = encoded(PIL.Image.fromarray(rgb), kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert np.array_equal(decode(data).rgb, rgb)


def test_jpeg_is_as_opencv_reads_it(rgb: Rgb) -> None:
    data = encoded(PIL.Image.fromarray(rgb), "JPEG", quality=90)
    expected = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))[..., ::-1]
    assert np.abs(decode(data).rgb.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(rgb: Rgb, kind: str, orientation: int) -> None:
    image = PIL.Image.fromarray(rgb)
    exif = image.getexif()
    exif[0x0112] = orientation
    data = encoded(image, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    expected = np.array(ImageOps.exif_transpose(PIL.Image.open(BytesIO(data))).convert("RGB"))
    assert np.array_equal(decode(data).rgb, expected)
    assert (expected.shape != rgb.shape) == (orientation >= 5)
    if kind != "JPEG":
        # What each value means, by where the stored picture's first row and column are shown.
        top, left = {
            1: (expected[0], expected[:, 0]),
            2: (expected[0, ::-1], expected[:, -1]),
            3: (expected[-1, ::-1], expected[::-1, -1]),
            4: (expected[-1], expected[::-1, 0]),
            5: (expected[:, 0], expected[0]),
            6: (expected[:, -1], expected[0, ::-1]),
            7: (expected[::-1, -1], expected[-1, ::-1]),
            8: (expected[::-1, 0], expected[-1]),
        }[orientation]
        assert np.array_equal(top, rgb[0])
        assert np.array_equal(left, rgb[:, 0])


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_meaningless_orientation_is_none(rgb: Rgb, orientation: int) -> None:
    image = PIL.Image.fromarray(rgb)
    exif = image.getexif()
    exif[0x0112] = orientation
    assert np.array_equal(decode(encoded(image, "PNG", exif=exif)).rgb, rgb)


def test_damaged_exif_leaves_the_pixels(rgb: Rgb) -> None:
    data = encoded(PIL.Image.fromarray(rgb), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(decode(data).rgb, rgb)


def test_palette(rgb: Rgb) -> None:
    image = PIL.Image.fromarray(rgb).quantize(16)
    expected = np.asarray(image.getpalette(), np.uint8).reshape(-1, 3)[np.asarray(image)]
    for kind in ("PNG", "GIF", "BMP"):
        assert np.array_equal(decode(encoded(image, kind)).rgb, expected)


def test_gray_and_one_bit() -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    shown = decode(encoded(PIL.Image.fromarray(gray), "PNG")).rgb
    assert np.array_equal(shown, np.stack([gray] * 3, axis=-1))
    bits = PIL.Image.fromarray(gray > 100)
    for kind in ("PNG", "TIFF", "PPM"):
        assert np.array_equal(decode(encoded(bits, kind)).rgb[..., 1], (gray > 100) * 255)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_gray_spans_its_range(kind: str) -> None:
    deep = np.array([[0, 128, 129, 257, 12850, 65535 - 128, 65535]], np.uint16)
    image = PIL.Image.fromarray(deep)
    shown = decode(encoded(image, kind)).rgb
    assert shown[0, :, 0].tolist() == [0, 0, 1, 1, 50, 255, 255]
    assert shown[0, :, 0].tolist() == np.rint(deep[0] / 257).tolist()


def test_big_endian_16_bit_gray() -> None:
    deep = PIL.Image.frombytes("I;16B", (2, 1), b"\xff\xff\x01\x01")
    assert decode(deep).rgb[0, :, 2].tolist() == [255, 1]


def test_16_bit_color_is_not_clipped() -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (9, 7, 3), dtype=np.uint16)
    _, data = cv2.imencode(".png", deep)
    assert np.abs(decode(data.tobytes()).rgb[..., ::-1] - deep / 257).max() <= 1


def test_32_bit_integers_span_the_fewest_usual_bits() -> None:
    deep = np.array([[-1000, 0, 1000]], np.int32)
    assert decode(encoded(PIL.Image.fromarray(deep), "TIFF")).rgb[0, :, 0].tolist() == [
        65,
        128,
        190,
    ]
    constant = np.full((2, 2), 1_000_000, np.int32)
    assert decode(encoded(PIL.Image.fromarray(constant), "TIFF")).rgb.max() == 15


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.0, 0.2, 1.0], [0, 51, 255]),
        ([0.4, 0.4, 0.6], [102, 102, 153]),
        ([-1.0, 0.0, 3.0], [0, 64, 255]),
        ([100.0, 200.0, 200.0], [0, 255, 255]),
    ],
)
def test_floats_are_in_the_unit_range_or_stretched(values: list[float], shown: list[int]) -> None:
    data = encoded(PIL.Image.fromarray(np.array([values], np.float32)), "TIFF")
    assert decode(data).rgb[0, :, 0].tolist() == shown


def test_deep_gray_is_turned_upright() -> None:
    deep = PIL.Image.fromarray(np.array([[0, 65535]], np.uint16))
    exif = deep.getexif()
    exif[0x0112] = 6
    assert decode(encoded(deep, "PNG", exif=exif)).rgb[:, 0, 0].tolist() == [0, 255]


INKS = [((0, 0, 0, 0), (255, 255, 255)), ((255, 0, 0, 0), (0, 255, 255))]
INKS += [((0, 255, 0, 0), (255, 0, 255)), ((0, 0, 255, 0), (255, 255, 0))]
INKS += [((0, 0, 0, 255), (0, 0, 0))]


@pytest.mark.parametrize(("ink", "shown"), INKS)
@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk(ink: tuple[int, ...], shown: tuple[int, ...], kind: str) -> None:
    data = encoded(PIL.Image.new("CMYK", (8, 8), ink), kind, quality=95)
    assert (b"Adobe" in data) == (kind == "JPEG"), "Adobe's JPEGs hold the inverse"
    assert np.abs(decode(data).rgb.astype(int) - shown).max() <= 3


def test_cmyk_jpeg_is_as_opencv_reads_it(rgb: Rgb) -> None:
    data = encoded(PIL.Image.fromarray(rgb).convert("CMYK"), "JPEG", quality=95)
    expected = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))[..., ::-1]
    assert np.abs(decode(data).rgb.astype(int) - expected).max() <= 3


# Bradford's adaptation of white, ICC's to sRGB's.
D50_TO_D65 = [[0.9555766, -0.0230393, 0.0631636], [-0.0282895, 1.0099416, 0.0210077]]
D50_TO_D65 += [[0.0122982, -0.0204830, 1.3299098]]


def test_lab() -> None:
    colors = [(0, 0, 0), (90, 0, 0), (255, 0, 0), (150, 20, -30), (180, -20, 40)]
    data = bytes(value % 256 for color in colors for value in color)
    shown = decode(PIL.Image.frombytes("LAB", (5, 1), data)).rgb[0]
    xyz = lab2xyz(np.array(colors) * (100 / 255, 1, 1), illuminant="D50")
    expected = xyz2rgb(xyz @ np.array(D50_TO_D65).T) * 255
    assert np.abs(shown - expected).max() <= 1.5


def test_transparency_shows_neutral_gray(rgb: Rgb) -> None:
    alpha = np.full(rgb.shape[:2], 255, np.uint8)
    alpha[:4] = 0
    alpha[4:8] = 51
    over = alpha[..., None] / 255
    expected = rgb * over + 128 * (1 - over)
    image = PIL.Image.fromarray(np.dstack([rgb, alpha]))
    for kind in ("PNG", "TIFF"):
        assert np.abs(decode(encoded(image, kind)).rgb - expected).max() <= 1
    gray = PIL.Image.fromarray(np.dstack([rgb[..., 0], alpha]))
    assert gray.mode == "LA"
    shown = decode(encoded(gray, "PNG")).rgb
    assert np.abs(shown - expected[..., :1]).max() <= 1


def test_palette_transparency() -> None:
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([250, 0, 0, 0, 250, 0])
    image.putpixel((1, 0), 1)
    one = decode(encoded(image, "GIF", transparency=1)).rgb[0].tolist()
    assert one == [[250, 0, 0], [128, 128, 128]]
    each = decode(encoded(image, "PNG", transparency=bytes([255, 0]))).rgb[0].tolist()
    assert each == [[250, 0, 0], [128, 128, 128]]


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_transparent_color(mode: str) -> None:
    image = PIL.Image.new(mode, (2, 1))
    image.putpixel((1, 0), 1 if mode == "1" else 255 if mode == "L" else (255, 255, 255))
    key = (0, 0, 0) if mode == "RGB" else 0
    shown = decode(encoded(image, "PNG", transparency=key)).rgb[0].tolist()
    assert shown == [[128, 128, 128], [255, 255, 255]]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_of_an_animation(kind: str) -> None:
    frames = [PIL.Image.new("RGB", (6, 4), color) for color in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert PIL.Image.open(BytesIO(data)).n_frames == 3  # type: ignore[attr-defined]  # only files of many frames have it
    assert np.unique(decode(data).rgb.reshape(-1, 3), axis=0).tolist() == [[255, 0, 0]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "I", "F", "CMYK"])
def test_one_pixel(mode: str) -> None:
    kind = "TIFF" if mode in ("F", "CMYK", "I") else "PNG"
    assert decode(encoded(PIL.Image.new(mode, (1, 1)), kind)).rgb.shape == (1, 1, 3)


def test_20_megapixels() -> None:
    image = PIL.Image.new("RGB", (5472, 3648), (10, 20, 30))
    picture = decode(encoded(image, "JPEG"))
    assert picture.size == (5472, 3648)
    assert np.abs(picture.rgb[::500, ::500].astype(int) - (10, 20, 30)).max() <= 2


def test_no_warning_leaks(rgb: Rgb) -> None:
    palette = PIL.Image.fromarray(rgb).quantize(4)
    noisy = encoded(palette, "PNG", transparency=bytes([255, 0, 128, 255]))
    broken_exif = encoded(
        PIL.Image.fromarray(rgb), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode(noisy)
        decode(broken_exif)


def test_name_and_size(rgb: Rgb, in_file: Save) -> None:
    path = in_file(PIL.Image.fromarray(rgb), "a b.png")
    picture = decode(path)
    assert isinstance(picture, Picture)
    assert (picture.name, picture.size) == (str(path), (24, 16))
    assert decode(str(path)).name == str(path)
    assert decode(picture) is picture
