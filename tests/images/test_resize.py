"""Where a dot in the file is seen at model size, and that to_file leads back to it."""

from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchvision.transforms import InterpolationMode, v2

from gnomon.errors import ImageError, SettingError
from gnomon.images import Interpolation, Resize, load_image
from gnomon.types import Image

Floats = NDArray[np.float64]
Gray = NDArray[np.uint8]
Size = tuple[int, int]
RESIZES: list[Resize] = ["squash", "pad", "crop"]


def blob(file: Size, center: Floats, sigma: Floats) -> Gray:
    """A bright Gaussian on black, ``file`` = (width, height)."""
    across = np.exp(-((np.arange(file[0]) - center[0]) ** 2) / (2 * sigma[0] ** 2))
    down = np.exp(-((np.arange(file[1]) - center[1]) ** 2) / (2 * sigma[1] ** 2))
    return np.asarray(np.rint(255 * down[:, None] * across), np.uint8)


def stored(upright: Gray, orientation: int) -> bytes:
    """A PNG whose EXIF orientation shows it as ``upright``."""
    for step in {1: "", 2: "h", 3: "hv", 4: "v", 5: "t", 6: "ht", 7: "hvt", 8: "vt"}[orientation]:
        upright = {"h": upright[:, ::-1], "v": upright[::-1], "t": upright.T}[step]
    image = PIL.Image.fromarray(np.ascontiguousarray(upright))
    exif = image.getexif()
    exif[0x0112] = orientation
    file = BytesIO()
    image.save(file, "PNG", exif=exif)
    return file.getvalue()


def inside(image: Image) -> NDArray[np.bool_]:
    """The model pixels (H,W) whose center ``to_file`` puts inside the file."""
    y, x = np.mgrid[: image.height, : image.width]
    at = image.to_file.apply(np.stack([x, y], axis=-1)).reshape(image.height, image.width, 2)
    return np.asarray(((at > -0.5) & (at < np.array(image.size) - 0.5)).all(axis=-1))


def eight_bits(image: Image) -> NDArray[np.uint8]:
    return (image.pixels.permute(1, 2, 0) * 255).round().byte().numpy()


def seen_at(image: Image) -> Floats:
    """Where the blob is seen, in file pixels."""
    weight = np.where(inside(image), (image.pixels[0].double().numpy() - 0.1).clip(0), 0)
    y, x = np.mgrid[: image.height, : image.width]
    center = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    return np.asarray(image.to_file.apply(center)[0])


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    file=st.tuples(st.integers(64, 240), st.integers(64, 240)),
    model=st.tuples(st.integers(48, 120), st.integers(48, 120)),
    off_center=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    resize=st.sampled_from(RESIZES),
    crop_fraction=st.floats(0.7, 1),
    orientation=st.integers(1, 8),
    interpolation=st.sampled_from(["bilinear", "bicubic", "lanczos"]),
)
@example((160, 65), (48, 111), (0.1, 0.2), "pad", 1.0, 6, "bilinear")
@example((64, 160), (151, 48), (0.3, -0.3), "crop", 0.875, 7, "bicubic")
def test_a_blob_is_found_where_it_lies_in_the_file(
    file: Size,
    model: Size,
    off_center: tuple[float, float],
    resize: Resize,
    crop_fraction: float,
    orientation: int,
    interpolation: Interpolation,
) -> None:
    """Draw, load, find, map back: right to a twentieth of the coarser of the two pixels."""
    per_model_pixel = np.array(file) / model
    if resize == "pad":
        per_model_pixel[:] = per_model_pixel.max()
    if resize == "crop":
        per_model_pixel[:] = per_model_pixel.min() * crop_fraction
    in_view = np.minimum(file, model * per_model_pixel)
    center = (np.array(file) - 1) / 2 + np.array(off_center) * in_view / 2
    # Wide enough for both grids to sample it well.
    sigma = np.maximum(1.2, 1.2 * per_model_pixel)
    image = load_image(
        stored(blob(file, center, sigma), orientation),
        size=(model[1], model[0]),
        resize=resize,
        crop_fraction=crop_fraction,
        interpolation=interpolation,
    )
    assert (image.width, image.height) == model
    assert image.size == file
    assert np.all(np.abs(seen_at(image) - center) <= 0.05 * np.maximum(1, per_model_pixel))


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    file=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    model=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    resize=st.sampled_from(RESIZES),
)
@example((1, 1), (7, 5), "pad")
@example((1, 90), (8, 8), "pad")
@example((90, 1), (1, 90), "crop")
def test_the_ground_begins_where_the_file_ends(file: Size, model: Size, resize: Resize) -> None:
    white = np.full((file[1], file[0]), 255, np.uint8)
    image = load_image(white, size=(model[1], model[0]), resize=resize)
    expected = np.where(inside(image), 255, 128).astype(np.float32) / 255
    assert np.array_equal(image.pixels.numpy(), np.stack([expected] * 3))
    if resize == "pad":
        for axis in (0, 1):
            filled = np.asarray(inside(image).any(axis=axis))
            before, after = filled.argmax(), filled[::-1].argmax()
            assert after - before in (0, 1), "in the middle"
    else:
        assert inside(image).all()
    if resize == "squash":
        corners, edges = (np.array([[0, 0], size]) - 0.5 for size in (model, file))
        assert np.allclose(image.to_file.apply(corners), edges, rtol=0, atol=1e-12)


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("tall", [True, False])
def test_pictures_of_one_pixel_width(resize: Resize, tall: bool) -> None:
    line = blob((1, 80), np.array([0.0, 41.3]), np.array([9.0, 9.0]))
    image = load_image(line if tall else line.T, size=(64, 64), resize=resize)
    found = seen_at(image) if tall else seen_at(image)[::-1]
    if resize == "crop":  # the view of 1x1 file pixel
        row = image.to_file.apply([[31.5, 31.5]])[0, 1 if tall else 0]
        assert row == pytest.approx(39.5, abs=1e-9)
    else:
        assert found[1] == pytest.approx(41.3, abs=0.06)
    assert found[0] == pytest.approx(0, abs=1e-9 if resize != "pad" else 0.5)


@pytest.mark.parametrize("file", [(300, 200), (200, 301), (224, 224), (97, 64), (500, 499)])
@pytest.mark.parametrize(("size", "resized"), [(224, 256), (224, 224), (224, 232), (240, 272)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_crop_is_torchvisions(
    file: Size, size: int, resized: int, interpolation: Interpolation
) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (file[1], file[0], 3), dtype=np.uint8)
    resize = v2.Resize(resized, InterpolationMode(interpolation))
    reference = v2.CenterCrop(size)(resize(PIL.Image.fromarray(rgb)))
    image = load_image(
        rgb,
        size=(size, size),
        resize="crop",
        crop_fraction=size / resized,
        interpolation=interpolation,
    )
    assert np.array_equal(eight_bits(image), np.asarray(reference))


def test_squash_is_pillows(rgb: NDArray[np.uint8]) -> None:
    image = load_image(rgb, size=(40, 30))
    pillows = PIL.Image.fromarray(rgb).resize((30, 40), PIL.Image.Resampling.BILINEAR)
    assert np.array_equal(eight_bits(image), np.asarray(pillows))


def test_same_size_changes_nothing(rgb: NDArray[np.uint8]) -> None:
    for resize in RESIZES:
        image = load_image(rgb, size=(16, 24), resize=resize)
        assert np.array_equal(eight_bits(image), rgb)
        assert np.array_equal(image.to_file.matrix, np.eye(2, 3))


def test_what_the_image_says_of_its_file(rgb: NDArray[np.uint8]) -> None:
    image = load_image(rgb, size=(10, 12), resize="pad")
    assert (image.source, image.size) == ("array", (24, 16))
    assert image.pixels.is_contiguous()
    again = load_image(PIL.Image.fromarray(rgb), size=(5, 5))
    assert again.content_hash == image.content_hash


def test_a_strip_is_not_cropped() -> None:
    strip = np.zeros((1, 9000), np.uint8)
    with pytest.raises(ImageError, match=r"array: 9000x1 .* use 'pad' or 'squash'"):
        load_image(strip, size=(224, 224), resize="crop")
    assert load_image(strip, size=(224, 224), resize="pad").size == (9000, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"size": (0, 8)}, "size is (height, width) in whole pixels, not (0, 8)"),
        ({"size": (8.5, 8)}, "size is (8.5, 8); it is (a whole number, a whole number)"),
        ({"size": (8, 8, 3)}, "size is (8, 8, 3); it is (a whole number, a whole number)"),
        ({"resize": "sqash"}, "did you mean 'squash'?"),
        ({"interpolation": "bilinar"}, "did you mean 'bilinear'?"),
        ({"crop_fraction": 0}, "crop_fraction is 0; it is above 0 and at most 1"),
        ({"crop_fraction": 1.1}, "crop_fraction is 1.1"),
    ],
)
def test_bad_arguments_get_a_sentence(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_image(np.zeros((4, 4), np.uint8), **({"size": (8, 8)} | arguments))
    assert words in str(caught.value)
