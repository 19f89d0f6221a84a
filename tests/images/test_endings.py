"""A file that lacks nothing but its ending is read as every viewer reads it; what lacks rows is
refused in one sentence."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pytest

from gnomon.errors import ImageError
from gnomon.images import Limits, decode
from gnomon.images.sandbox import Sandbox

JPEGS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "best": {"quality": 100, "subsampling": 0},
    "progressive, best": {"quality": 100, "progressive": True},
    "optimized": {"optimize": True, "quality": 30},
}


def picture(gray: bool = False) -> PIL.Image.Image:
    rng = np.random.default_rng(3)
    blocks = np.kron(rng.integers(20, 230, (8, 10, 3)), np.ones((8, 8, 1)))
    pixels = (blocks + rng.integers(-15, 15, blocks.shape)).astype(np.uint8)
    return PIL.Image.fromarray(pixels).convert("L" if gray else "RGB")


def saved(kind: str, gray: bool = False, **options: Any) -> bytes:
    file = BytesIO()
    picture(gray).save(file, kind, **options)
    return file.getvalue()


def same(cut: bytes, sound: bytes) -> None:
    found, wanted = decode(cut), decode(sound)
    np.testing.assert_array_equal(found.rgb, wanted.rgb)
    assert found.content_hash == wanted.content_hash


def refused(cut: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode(cut, name="a.jpg")
    said = str(caught.value)
    assert said.startswith("a.jpg: ")
    assert "fetch it" in said or "save it" in said
    assert "\n" not in said
    return said


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
def test_a_jpeg_without_its_end_marker(options: dict[str, Any], gray: bool) -> None:
    sound = saved("JPEG", gray, **options)
    assert sound.endswith(b"\xff\xd9")
    same(sound[:-1], sound)
    same(sound[:-2], sound)
    same(sound[:-2] + bytes(1000), sound)
    same(sound + b"a camera's own trailer", sound)
    for cut in (3, 4, 6, 10, 30, 100, len(sound) // 3, len(sound) // 2):
        assert "cut short" in refused(sound[:-cut])
        assert "cut short" in refused(sound[:-cut] + bytes(1000))


def test_a_progressive_jpeg_without_its_last_scans() -> None:
    """All rows are there, blurred: no marker is missing but the picture is not what it was."""
    sound = saved("JPEG", progressive=True)
    starts = [at for at in range(len(sound)) if sound[at : at + 2] in (b"\xff\xda", b"\xff\xc4")]
    assert len(starts) > 8
    for start in starts[3:]:
        assert "last scans are missing" in refused(sound[:start])
        refused(sound[:start] + bytes(1000))
    assert decode(sound[: starts[-1]] + b"\xff\xd9").size == (80, 64), "as its writer ended it"


def test_a_jpeg_of_one_component_a_scan_without_its_last() -> None:
    """Made of three gray ones: the header of a color file, and a scan for each component."""
    gray = saved("JPEG", gray=True)
    frame, scan = gray.index(b"\xff\xc0"), gray.index(b"\xff\xda")
    parts = b"".join(bytes([one, 0x11, 0]) for one in (1, 2, 3))
    header = b"\xff\xc0" + (8 + 9).to_bytes(2) + gray[frame + 4 : frame + 9] + b"\x03" + parts
    tables = gray[frame + 2 + int.from_bytes(gray[frame + 2 : frame + 4]) : scan]
    data = gray[scan + 10 : -2]

    def scans(*ids: int) -> bytes:
        return b"".join(
            b"\xff\xda\x00\x08\x01" + bytes([one, 0]) + b"\x00\x3f\x00" + data for one in ids
        )

    start = gray[:frame] + header + tables
    sound = start + scans(1, 2, 3) + b"\xff\xd9"
    same(sound[:-2], sound)
    assert "last scans are missing" in refused(start + scans(1, 2))


def test_what_breaks_off_within_a_header_is_refused() -> None:
    sound = saved("JPEG", progressive=True)
    for length in range(2, sound.index(b"\xff\xda") + 14, 7):
        refused(sound[:length])


def test_a_jpeg_is_ended_in_a_process_apart_too_and_within_memory() -> None:
    sound = saved("JPEG")
    sandbox = Sandbox(Limits())
    try:
        found = sandbox.decode(sound[:-2], "a.jpg")
    finally:
        sandbox.close()
    assert found.content_hash == decode(sound).content_hash
    just = Limits(max_memory_mb=(len(sound) + 80 * 64 * 8) / 2**20)
    assert decode(sound, limits=just).size == (80, 64)
    with pytest.raises(ImageError, match="too large"):
        decode(sound[:-2], limits=just)


@pytest.mark.parametrize("interlaced", [False, True])
def test_a_png_without_its_end(interlaced: bool) -> None:
    sound = interlace(saved("PNG")) if interlaced else saved("PNG")
    for cut in (1, 4, 5, 8, 12, 16):
        same(sound[:-cut], sound)
    for place in (-1, -4):
        same(flipped(sound, place), sound)
    for cut in (40, 400, len(sound) // 2):
        refused(sound[:-cut])
        refused(sound[:-cut] + sound[-12:])


def flipped(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 0x10
    return bytes(changed)


def interlace(png: bytes) -> bytes:
    """Write a PNG by Adam7, which Pillow does not."""
    import struct
    import zlib

    pixels = np.asarray(PIL.Image.open(BytesIO(png)))
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    raw = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in [*passes, (1, 0, 2, 1)]
        for row in pixels[top::down, left::right]
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    return png[:8] + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def odd_webp(lossless: bool) -> bytes:
    """Find a WebP file whose data has an odd length, so that a byte fills it up.

    Pillow writes lossy data of an even length, with a byte that fills it up inside.
    """
    for width in range(40, 80):
        file = BytesIO()
        picture().crop((0, 0, width, 64)).save(file, "WEBP", lossless=lossless)
        found = file.getvalue()
        size = int.from_bytes(found[16:20], "little")
        if size % 2:
            return found
        if not lossless and found.endswith(b"\0"):
            return found[:16] + (size - 1).to_bytes(4, "little") + found[20:]
    raise AssertionError("no width gave an odd length")


@pytest.mark.parametrize("lossless", [False, True])
def test_a_webp_without_its_last_byte(lossless: bool) -> None:
    sound = odd_webp(lossless)
    same(sound[:-1], sound)
    for cut in (2, 3, 17, len(sound) // 2):
        refused(sound[:-cut])


TIFFS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: saved("TIFF"),
    "LZW": lambda: saved("TIFF", compression="tiff_lzw"),
    "deflate": lambda: saved("TIFF", compression="tiff_adobe_deflate"),
}


@pytest.mark.parametrize("kind", TIFFS)
def test_a_tiff_has_no_ending(kind: str) -> None:
    """Its last bytes are rows, or the table that says where they are: each of them counts."""
    sound = TIFFS[kind]()
    for cut in (1, 2, 10, len(sound) // 2):
        refused(sound[:-cut])
