"""Broken files by the thousand: each is a picture or an ImageError, and nothing else."""

import io
import resource
import zipfile
from contextlib import suppress
from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from gnomon.errors import ImageError
from gnomon.images import decode

KINDS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF")


def drawn(kind: str) -> bytes:
    random = np.random.default_rng(0)
    smooth = PIL.Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    file = BytesIO()
    smooth.resize((80, 60)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_at_every_hundredth(kind: str) -> None:
    sound = drawn(kind)
    for hundredth in range(100):
        with suppress(ImageError):
            assert decode(sound[: len(sound) * hundredth // 100]).rgb.ndim == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_byte_flipped_anywhere(kind: str) -> None:
    sound = drawn(kind)
    random = np.random.default_rng(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pictures = 0
    for place in random.integers(0, len(sound), 1000):
        flipped = bytearray(sound)
        flipped[place] ^= int(random.integers(1, 256))
        with suppress(ImageError):
            pictures += decode(bytes(flipped)).rgb.ndim == 3
    assert 0 < pictures < 1000 or kind == "GIF"
    # A header that claims more than MAX_PIXELS is refused before anything is allocated for it.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_500_000


def test_an_archive_is_no_image() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(50_000_000))
    with pytest.raises(ImageError, match="not an image of a kind that Pillow reads"):
        decode(file.getvalue(), name="bomb.zip")


@pytest.mark.parametrize("kind", KINDS)
def test_a_polyglot_is_the_image_that_it_also_is(kind: str) -> None:
    file = io.BytesIO(drawn(kind))
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("<script>alert(1)</script>", "<?php system('id'); ?>")
    np.testing.assert_array_equal(decode(file.getvalue()).rgb, decode(drawn(kind)).rgb)
