"""HEIC is read with an extra, and turned once; without the extra, the sentence says which."""

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import ImageOps

from gnomon.errors import ImageError
from gnomon.images import Limits, decode
from gnomon.images.heif import is_heif
from gnomon.images.read import read_bytes
from gnomon.images.sandbox import Sandbox

ORIENTATION = 0x0112


@pytest.fixture
def pillow_heif() -> Any:
    """Give the library; where it is missing, only the sentence about that can be tested."""
    return pytest.importorskip("pillow_heif", reason="gnomon[heif] is not installed")


def picture() -> PIL.Image.Image:
    """Draw a photograph whose corners are all of another color."""
    pixels = np.full((48, 64, 3), 128, np.uint8)
    pixels[:16, :16], pixels[:16, -16:] = (255, 0, 0), (0, 255, 0)
    pixels[-16:, :16], pixels[-16:, -16:] = (0, 0, 255), (255, 255, 0)
    return PIL.Image.fromarray(pixels)


def heic(library: Any, image: PIL.Image.Image, orientation: int | None = None) -> bytes:
    file = BytesIO()
    made = library.from_pillow(image)
    if orientation is not None:
        made.info["exif"] = exif(orientation).tobytes()
    made.save(file, quality=-1, chroma=444)
    return file.getvalue()


def exif(orientation: int) -> PIL.Image.Exif:
    made = PIL.Image.Exif()
    made[ORIENTATION] = orientation
    return made


def alike(content: bytes, wanted: PIL.Image.Image) -> None:
    found = decode(content, name="a.heic").rgb
    assert found.shape == np.asarray(wanted).shape
    assert int(np.abs(found.astype(int) - np.asarray(wanted)).max()) <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_once(orientation: int, pillow_heif: Any) -> None:
    """As telephones write it: the file says how to turn it, and the EXIF data says so too."""
    content = heic(pillow_heif, picture(), orientation)
    turned = b"irot" in content or b"imir" in content
    assert turned == (orientation != 1)
    upright = picture()
    upright.getexif()[ORIENTATION] = orientation
    alike(content, ImageOps.exif_transpose(upright))
    file = BytesIO()
    picture().save(file, "JPEG", exif=exif(orientation), quality=100, subsampling=0)
    as_jpeg = decode(file.getvalue()).rgb.astype(int)
    assert np.abs(decode(content).rgb - as_jpeg).max() <= 40
    assert np.abs(decode(content).rgb - as_jpeg).mean() < 2


def test_orientation_in_the_exif_data_alone_counts_for_nothing(pillow_heif: Any) -> None:
    """So ISO/IEC 23008-12 has it, and so do viewers."""
    alike(heic(pillow_heif, picture()), picture())
    content = heic(pillow_heif, picture(), 6)
    at = content.index(b"irot")
    alike(content[:at] + b"skip" + content[at + 4 :], picture())


def test_the_primary_picture_of_several_and_transparency(pillow_heif: Any) -> None:
    file = BytesIO()
    made = pillow_heif.from_pillow(PIL.Image.new("RGB", (64, 48), (9, 9, 9)))
    made.add_from_pillow(picture())
    made.save(file, quality=-1, chroma=444, primary_index=1)
    alike(file.getvalue(), picture())
    clear = picture().convert("RGBA")
    clear.putalpha(0)
    content = heic(pillow_heif, clear)
    assert np.ptp(decode(content).rgb.astype(int)) <= 4, "nothing but the ground is seen"


def test_as_a_file_in_a_process_apart_and_within_limits(pillow_heif: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.HEIC"
    path.write_bytes(heic(pillow_heif, picture()))
    sandbox = Sandbox(Limits())
    try:
        found = sandbox.decode(read_bytes(str(path), Limits()), str(path))
    finally:
        sandbox.close()
    assert found.content_hash == decode(path).content_hash
    for limits in (Limits(max_pixels=64 * 47), Limits(max_memory_mb=0.04)):
        with pytest.raises(ImageError, match="too large"):
            decode(path, limits=limits)


def test_what_is_cut_short_is_refused(pillow_heif: Any) -> None:
    content = heic(pillow_heif, picture())
    for share in (0.05, 0.3, 0.6, 0.9):
        with pytest.raises(ImageError, match=r"a\.heic: "):
            decode(content[: int(len(content) * share)], name="a.heic")


BRANDS = [
    (b"heic", (b"mif1", b"heic"), True),
    (b"mif1", (b"mif1", b"heic"), True),
    (b"msf1", (b"hevc",), True),
    (b"mif1", (b"mif1", b"avif"), False),
    (b"avif", (b"mif1", b"heic"), False),
    (b"isom", (b"heic",), False),
]


@pytest.mark.parametrize(("major", "others", "held"), BRANDS)
def test_brands_say_what_is_held(major: bytes, others: tuple[bytes, ...], held: bool) -> None:
    box = b"ftyp" + major + bytes(4) + b"".join(others)
    content = (len(box) + 4).to_bytes(4) + box + b"heic" * 9
    assert is_heif(content) == held


def test_without_the_extra_the_sentence_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    with pytest.raises(
        ImageError, match=r"a\.heic: .*pip install 'gnomon\[heif\]'.*JPEG"
    ) as caught:
        decode(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
