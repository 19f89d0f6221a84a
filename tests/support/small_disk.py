"""A disk that is full, or cannot be written, soon: a small tmpfs, for root."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: str = "64k") -> Iterator[Path]:
    """Mount a disk of ``size`` at a new folder; skip where that is not allowed."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def remount(place: Path, option: str) -> None:
    """Change a mounted disk: ``ro`` to forbid writing, ``size=4m`` to make it larger."""
    subprocess.run(["mount", "-o", f"remount,{option}", place], check=True)
