"""Memory is bounded before and while an image is decoded, and the limit that is met is said."""

import subprocess
import sys
from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from gnomon.errors import ImageError, LimitError
from gnomon.images import Limits, Picture, decode
from gnomon.images.decode import bytes_a_pixel
from gnomon.images.sandbox import Sandbox
from gnomon.images.webp import webp_size

W, H = 1000, 800
RAISE = r"at most max_memory_mb = .* MB .* raise it \(--max-memory-mb\)"


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    small = np.random.default_rng(0).integers(0, 256, (H // 8, W // 8, 3), dtype=np.uint8)
    file = BytesIO()
    PIL.Image.fromarray(small).resize((W, H)).convert(mode).save(file, kind, **options)
    return file.getvalue()


KINDS = [
    ("PNG", "RGB", {}, 8),
    ("PNG", "P", {}, 8),
    ("JPEG", "RGB", {}, 8),
    ("JPEG", "RGB", {"progressive": True}, 12),
    ("WEBP", "RGB", {}, 17),
    ("WEBP", "RGBA", {"lossless": True}, 17),
    ("WEBP", "RGB", {"save_all": True}, 17),
    ("AVIF", "RGB", {}, 13),
    ("JPEG2000", "RGB", {}, 25),
    ("TIFF", "F", {}, 8),
]


@pytest.mark.parametrize(("kind", "mode", "options", "each"), KINDS)
def test_the_estimate_is_the_limit(
    kind: str, mode: str, options: dict[str, object], each: int
) -> None:
    content = encoded(kind, mode, **options)
    with PIL.Image.open(BytesIO(content)) as image:
        assert bytes_a_pixel(image) == each
    need = (len(content) + W * H * each) / 2**20
    assert decode(content, limits=Limits(max_memory_mb=need + 1e-6)).size == (W, H)
    with pytest.raises(LimitError, match=rf"1000x800 pixels, whose decoding takes .*{RAISE}"):
        decode(content, limits=Limits(max_memory_mb=need - 1e-6), name="a")


def test_by_default_134_megapixels_are_decoded_and_no_more() -> None:
    header = b"P5 %d %d 255\n"
    with pytest.raises(ImageError, match="damaged or cut short"):
        decode(header % (11_500, 11_600))
    with pytest.raises(LimitError, match=r"12000x11300 .* takes 1,035 MB\); at most .* 1,024 MB"):
        decode(header % (12_000, 11_300))


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
def test_the_size_of_a_webp_is_known_by_its_header(options: dict[str, object]) -> None:
    """Opened, it takes the memory of three pictures already."""
    for size in ((1, 1), (17, 300), (256, 5)):
        file = BytesIO()
        PIL.Image.new("RGB", size).save(file, "WEBP", **options)
        assert webp_size(file.getvalue()) == size
    assert webp_size(b"RIFF    WEBP") is None
    assert webp_size(encoded("PNG")) is None


MEASURE = """
import sys
from gnomon.images import decode
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
content = sys.stdin.buffer.read()
decode(content)
open("/proc/self/clear_refs", "w").write("5")
before = peak()
picture = decode(content)
width, height = picture.size
print((peak() - before) * 1024 / (width * height))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_a_picture_is_never_in_memory_in_three_forms() -> None:
    """Pillow's four bytes a pixel and ours of three; before, it was 14."""
    file = BytesIO()
    PIL.Image.new("RGB", (6000, 4000), (9, 8, 7)).save(file, "PNG")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input=file.getvalue(), capture_output=True, check=True
    )
    assert 3 < float(done.stdout) < 8


def test_a_file_that_is_larger_than_the_memory_meets_the_limit() -> None:
    content = b"BM" + bytes(150 * 2**20)
    with Sandbox(Limits(max_memory_mb=100)) as sandbox:
        with pytest.raises(LimitError, match=r"^a: its decoding takes more than max_memory_mb"):
            sandbox.decode(content, "a")
        assert sandbox.decode(encoded("PNG"), "b").size == (W, H)


@pytest.mark.parametrize("error", [MemoryError(), OSError("out of memory when reading image file")])
def test_memory_that_runs_out_is_no_damage(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(PIL.Image.Image, "crop", fail)
    with pytest.raises(LimitError, match=r"^a: memory ran out while it was decoded; make it small"):
        decode(encoded("PNG"), name="a")


def test_a_picture_waits_for_its_figure_in_little_memory() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)
    picture = Picture(rgb, "a")
    assert picture.within(500) is picture
    small = picture.within(250)
    assert small.size == (250, 150)
    assert small.name == "a"
    means = rgb.reshape(150, 2, 250, 2, 3).mean(axis=(1, 3))
    assert abs(small.rgb - means).max() <= 1.0
