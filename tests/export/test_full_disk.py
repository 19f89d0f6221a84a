"""A disk that is full, or may not be written: a sentence, and nothing half-written."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_disk import remount, small_disk

from gnomon.corrections import read_corrections, write_corrections
from gnomon.errors import ExportError
from gnomon.export import EXPORTERS, export_run, open_contents
from gnomon.export.lasting import Lasting


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a disk of a few KiB."""
    with small_disk(tmp_path_factory.mktemp("disks") / "small", "24k") as place:
        yield place


@pytest.mark.parametrize("format_", EXPORTERS)
def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    format_: str, made: Callable[[str], Any], disk: Path
) -> None:
    (disk / "mine").write_text("mine")
    with pytest.raises(ExportError, match=r"cannot be written: .*([Nn]o space|make room)"):
        export_run(made("large").folder, format_, disk / "not" / "there" / "out")
    assert os.listdir(disk) == ["mine"]
    assert (disk / "mine").read_text() == "mine"


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes, as a full disk does where none may be mounted."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1000, 5000, 20000])
@pytest.mark.parametrize("format_", ["h5", "colmap", "coco", "parquet", "csv"])
def test_a_file_that_may_not_grow_is_a_sentence(
    format_: str, size: int, made: Callable[[str], Any], tmp_path: Path
) -> None:
    with file_limit(size), pytest.raises(ExportError, match="written"):
        export_run(made("large").folder, format_, tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_a_disk_that_may_not_be_written_is_a_sentence(
    made: Callable[[str], Any], tmp_path: Path
) -> None:
    run = made("parts").folder
    with small_disk(tmp_path / "disk") as disk:
        remount(disk, "ro")
        for format_ in EXPORTERS:
            with pytest.raises(ExportError, match="cannot be written: Read-only"):
                export_run(run, format_, disk / "below" / "out")


def test_corrections_on_a_full_disk_leave_nothing(
    made: Callable[[str], Any], tmp_path: Path, disk: Path
) -> None:
    contents = open_contents(made("large").folder)
    export_run(made("large").folder, "coco", tmp_path / "out.json")
    found = read_corrections(contents, "coco", tmp_path / "out.json")
    with pytest.raises(ExportError, match="No space left"):
        write_corrections(found, contents, disk / "out")
    assert "out" not in os.listdir(disk)


def test_hdf5_reads_back_what_it_could_not_write(tmp_path: Path) -> None:
    """HDF5 crashes where a write fails at its end; so none fails, and the error is told."""
    import h5py

    with (tmp_path / "a.h5").open("w+b", buffering=0) as file:
        lasting = Lasting(file)
        with file_limit(4000), h5py.File(lasting, "w", libver="latest") as written:
            for number in range(60):
                written.create_dataset(str(number), data=np.full(50, number))
        assert (tmp_path / "a.h5").stat().st_size <= 4000
        with h5py.File(lasting, "r") as read:
            assert [int(read[str(number)][7]) for number in range(60)] == list(range(60))
        with pytest.raises(OSError, match="File too large"):
            lasting.check()
