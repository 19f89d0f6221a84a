"""Whatever is wrong with an input is an ImageError that names it and says what to do."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from gnomon.errors import ImageError
from gnomon.images import Limits, decode


def noise(kind: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = BytesIO()
    PIL.Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def refused(path: Path, *words: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    for word in words:
        assert word in message


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "none.jpg", "no such file", "check the path")


def test_missing_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file" / "a.jpg", "cannot be opened (Not a directory)")


def test_name_too_long(tmp_path: Path) -> None:
    refused(tmp_path / ("a" * 300), "cannot be opened", "check the path")


def test_no_right_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(noise("PNG"))

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    refused(tmp_path / "a.png", "cannot be opened (Permission denied)")
    monkeypatch.setattr(os, "scandir", deny)
    refused(tmp_path, "cannot be opened (Permission denied)")


def test_folder(tmp_path: Path) -> None:
    refused(tmp_path, "a folder in which no image was found")
    (tmp_path / "a.png").write_bytes(noise("PNG"))
    refused(tmp_path, "a folder, not an image; give one of the images in it")


def test_not_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    refused(tmp_path / "pipe.jpg", "not a regular file")


def test_link_to_nothing_and_to_itself(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "gone.jpg")
    refused(tmp_path / "broken.jpg", "no such file")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    refused(tmp_path / "loop.jpg", "cannot be opened")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    refused(tmp_path / "empty.jpg", "empty (0 bytes)")


@pytest.mark.parametrize("content", [b"x", b"hello, no image\n" * 99, b"%PDF-1.4", bytes(5000)])
def test_no_image(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "text.jpg").write_bytes(content)
    refused(tmp_path / "text.jpg", "not an image", "save it as PNG or JPEG")


def test_no_program_is_run_to_decode(tmp_path: Path) -> None:
    PIL.Image.new("L", (2, 2)).save(tmp_path / "a.eps")
    refused(tmp_path / "a.eps", "not an image of a kind that Pillow reads")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "PPM"])
def test_cut_short(tmp_path: Path, kind: str, share: float) -> None:
    data = noise(kind)
    (tmp_path / "cut").write_bytes(data[: int(len(data) * share)])
    refused(tmp_path / "cut")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "QOI"])
def test_damage_is_an_image_or_an_image_error(tmp_path: Path, kind: str) -> None:
    """No other exception, no warning, whatever bytes are changed."""
    sound = noise(kind)
    rng = np.random.default_rng(1)
    for _ in range(60):
        data = bytearray(sound)
        for place in rng.integers(0, min(len(data), 300), 3):
            data[place] = rng.integers(256)
        with suppress(ImageError):
            assert decode(bytes(data)).rgb.ndim == 3


def test_decompression_bomb_by_size(tmp_path: Path) -> None:
    header = b"P5 20000 20000 255\n"
    (tmp_path / "bomb.pgm").write_bytes(header + bytes(100))
    refused(tmp_path / "bomb.pgm", "too large (Image size (400000000 pixels)", "make it smaller")


def test_pixel_limit_is_a_choice(tmp_path: Path) -> None:
    PIL.Image.new("L", (40, 30)).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", limits=Limits(max_pixels=1200)).size == (40, 30)
    with pytest.raises(
        ImageError, match=r"a\.png: too large \(40x30 pixels\); .* 1,199 .*--max-pixels"
    ):
        decode(tmp_path / "a.png", limits=Limits(max_pixels=1199))
    with pytest.raises(ImageError, match="too large"):
        decode(PIL.Image.new("L", (40, 30)), limits=Limits(max_pixels=1199))


def test_pillows_own_limits_are_image_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PIL.Image.new("L", (40, 30)).save(tmp_path / "a.png")
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 500)
    refused(tmp_path / "a.png", "too large", "exceeds limit of 1000 pixels")
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)
    assert decode(tmp_path / "a.png").size == (40, 30)


def test_threads_leave_the_warning_filters_alone() -> None:
    data, before = noise("PNG"), list(warnings.filters)
    with ThreadPoolExecutor(4) as threads:
        assert len({picture.content_hash for picture in threads.map(decode, [data] * 40)}) == 1
    assert list(warnings.filters) == before


def test_text_bomb_in_a_png(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("key", "a" * 30_000_000, zip=True)
    PIL.Image.new("L", (2, 2)).save(tmp_path / "a.png", pnginfo=info)
    assert (tmp_path / "a.png").stat().st_size < 100_000
    refused(tmp_path / "a.png", "damaged or cut short")


def test_not_a_number(tmp_path: Path) -> None:
    PIL.Image.fromarray(np.array([[0, np.nan]], np.float32)).save(tmp_path / "a.tif")
    refused(tmp_path / "a.tif", "NaN or infinity")


def test_closed_image() -> None:
    image = PIL.Image.open(BytesIO(noise("PNG")))
    image.close()
    with pytest.raises(ImageError, match="PIL image: "):
        decode(image)


def test_no_source() -> None:
    with pytest.raises(ImageError, match=r"^int: not a source of an image; give a path, "):
        decode(3)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ImageError, match=r"^bytes: empty"):
        decode(b"")
