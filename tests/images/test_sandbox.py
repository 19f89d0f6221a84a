"""Decoding in a process apart gives the same pictures, and stops what exceeds a limit."""

import os
import signal
import struct
import time
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Timer

import numpy as np
import PIL.Image
import pytest

from gnomon.errors import ImageError, SettingError
from gnomon.images import Limits, decode
from gnomon.images.sandbox import Sandbox

SAMPLE = Path(__file__).parents[2] / "samples" / "cat.jpg"


def zeros(width: int, height: int) -> bytes:
    """Make a PNG of nothing but black, a thousandth of its pixels' size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    packer, rows = zlib.compressobj(9), bytes(1 + 3 * width) * 100
    packed = b"".join(packer.compress(rows) for _ in range(height // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height // 100 * 100, 8, 2, 0, 0, 0)
    head, body = chunk(b"IHDR", header), chunk(b"IDAT", packed)
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def apart() -> Iterator[Sandbox]:
    with Sandbox(Limits(max_memory_mb=300)) as sandbox:
        yield sandbox


def test_the_picture_is_the_same(apart: Sandbox) -> None:
    content = SAMPLE.read_bytes()
    found = apart.decode(content, "cat")
    assert found.name == "cat"
    np.testing.assert_array_equal(found.rgb, decode(content).rgb)
    assert found.content_hash == decode(SAMPLE).content_hash


@pytest.mark.parametrize("content", [b"", b"no image", SAMPLE.read_bytes()[:5000]])
def test_the_sentence_is_the_same(apart: Sandbox, content: bytes) -> None:
    with pytest.raises(ImageError) as here:
        decode(content, name="a\n☂.jpg")
    with pytest.raises(ImageError) as there:
        apart.decode(content, "a\n☂.jpg")
    assert str(there.value) == str(here.value)


def test_a_bomb_meets_the_limit_on_memory_and_the_next_image_is_decoded(apart: Sandbox) -> None:
    bomb = zeros(13_000, 13_000)
    assert len(bomb) < 1_000_000
    with pytest.raises(
        ImageError,
        match=r"^bomb: too large \(13000x13000 .* max_memory_mb = 300 MB .*--max-memory-mb",
    ):
        apart.decode(bomb, "bomb")
    assert apart.decode(SAMPLE.read_bytes(), "cat").size == (451, 300)


def stopped(sandbox: Sandbox) -> int:
    """Let the process apart stand still, as if in an endless image."""
    sandbox.decode(SAMPLE.read_bytes(), "cat")
    assert sandbox._process is not None
    assert sandbox._process.pid is not None
    os.kill(sandbox._process.pid, signal.SIGSTOP)
    return sandbox._process.pid


def test_what_takes_too_long_is_killed_in_time() -> None:
    with Sandbox(Limits(max_seconds=2)) as sandbox:
        process = stopped(sandbox)
        begin = time.monotonic()
        with pytest.raises(
            ImageError, match=r"slow: not decoded within max_seconds = 2 s; .*--max-seconds"
        ):
            sandbox.decode(SAMPLE.read_bytes(), "slow")
        assert time.monotonic() - begin >= 2
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
        assert sandbox.decode(SAMPLE.read_bytes(), "cat").size == (451, 300)


def test_a_death_in_the_middle_is_a_failure_of_that_image_alone(apart: Sandbox) -> None:
    Timer(0.3, os.kill, (stopped(apart), signal.SIGKILL)).start()
    with pytest.raises(ImageError, match="its decoding ended the process that it ran in"):
        apart.decode(SAMPLE.read_bytes(), "dies")
    assert apart.decode(SAMPLE.read_bytes(), "cat").size == (451, 300)


def test_frames_and_file_size_have_limits() -> None:
    file = BytesIO()
    frames = [PIL.Image.new("L", (4, 4), shade) for shade in range(5)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert decode(file.getvalue(), limits=Limits(max_frames=5)).size == (4, 4)
    with pytest.raises(ImageError, match=r"holds 5 frames; at most max_frames = 4 are allowed"):
        decode(file.getvalue(), limits=Limits(max_frames=4))
    size = SAMPLE.stat().st_size / 2**20
    assert decode(SAMPLE, limits=Limits(max_file_mb=size)).size == (451, 300)
    with pytest.raises(ImageError, match=r"cat\.jpg: too large .*raise max_file_mb"):
        decode(SAMPLE, limits=Limits(max_file_mb=size * 0.99))
    with pytest.raises(SettingError, match="max_seconds is 0; it must be above 0"):
        Limits(max_seconds=0)
