"""What pages hold of pictures is bounded by their decoded size."""

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from apart import run_apart

from gnomon.errors import ImageError
from gnomon.images import Picture
from gnomon.runs import read_run
from gnomon.web import album as albums
from gnomon.web.album import Album
from gnomon.web.decoding import AT_ONCE, in_turn
from gnomon.web.pantry import Pantry


def picture(height: int, width: int = 100) -> Picture:
    return Picture(np.zeros((height, width, 3), np.uint8), "a.png")


def test_decoded_bytes_are_bounded_and_the_oldest_goes() -> None:
    pantry = Pantry(most=100_000)
    names = [pantry.put(picture(100)) for _ in range(5)]  # 30,000 bytes each
    assert pantry.size == 90_000
    assert [pantry.get(name) is not None for name in names] == [False, False, True, True, True]
    assert pantry.get(names[2]) is not None  # asked for, so that another one goes
    last = pantry.put(picture(100))
    kept = [name for name in (*names, last) if pantry.get(name)]
    assert kept == [names[2], names[4], last]


def test_one_that_is_larger_than_all_room_is_kept_alone() -> None:
    pantry = Pantry(most=100_000)
    first, large = pantry.put(picture(100)), pantry.put(picture(1000))
    assert pantry.get(first) is None
    assert pantry.get(large) is not None
    assert pantry.size == 300_000
    pantry.put(picture(10))
    assert pantry.size == 3_000


def test_files_that_are_shown_count() -> None:
    pantry = Pantry(most=60_000)
    first, second = pantry.put(picture(100)), pantry.put(picture(100))
    file = pantry.file(second)
    assert file is not None
    assert file[8:12] == b"WEBP"
    assert pantry.file(second) is file
    assert pantry.file(first) is None
    assert pantry.size == 30_000 + len(file)


def test_two_pictures_are_decoded_at_once_and_no_more() -> None:
    lock, held = threading.Lock(), threading.Event()
    most = now = 0

    def decode(number: int) -> int:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        held.wait(0.05)
        with lock:
            now -= 1
        if number == 3:
            raise ImageError("a.png: not an image")
        return number

    async def everybody() -> list[int | BaseException]:
        return await asyncio.gather(
            *(in_turn(decode, number) for number in range(8)), return_exceptions=True
        )

    done = run_apart(everybody())
    assert most == AT_ONCE
    assert isinstance(done.pop(3), ImageError)
    assert done == [0, 1, 2, 4, 5, 6, 7]


def test_a_run_s_pictures_are_bounded_too(
    photographed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album, made = Album(read_run(photographed)), []

    def photograph(rgb: object, side: int) -> bytes:
        made.append(side)
        return b"x" * 40

    monkeypatch.setattr(albums, "MAX_BYTES", 100)
    monkeypatch.setattr(albums, "photograph", photograph)
    first, second, third = album.rows
    for image_id in (first, second, first, third, first, second):
        assert album.file(image_id, 96) == b"x" * 40
    assert len(made) == 4  # the second had to go for the third, and is made again
