import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from gnomon.occlusion.incremental import machine
from gnomon.occlusion.incremental.machine import TYPICAL, Machine, machine_of, measured

CPU = torch.device("cpu")
ONE, OTHER = Machine(1.0, 32.0, 2.0**19), Machine(1.0, 128.0, 2.0**21)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of a fresh cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    machine._kept.cache_clear()
    yield tmp_path / "gnomon" / "machines"
    machine._kept.cache_clear()


def measure(monkeypatch: pytest.MonkeyPatch, *found: Machine) -> Mock:
    stand_in = Mock(side_effect=found)
    monkeypatch.setattr(machine, "measured", stand_in)
    return stand_in


def test_a_measurement_is_near_what_is_typical_and_a_power_of_two() -> None:
    found, typical = measured(CPU), TYPICAL["cpu"]
    assert found.multiply_add == 1
    for one, usual in ((found.value, typical.value), (found.call, typical.call)):
        assert usual / 4 <= one <= usual * 4
        assert float(one).hex().startswith("0x1.0000")


def test_it_is_measured_once_and_the_next_process_reads_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(monkeypatch, ONE, ONE)
    assert machine_of(CPU) == machine_of(CPU) == ONE
    machine._kept.cache_clear()
    measure(monkeypatch)
    assert machine_of(CPU) == ONE
    assert len(list(folder.iterdir())) == 1
    code = (
        "import torch; from gnomon.occlusion.incremental.machine import machine_of;"
        f"torch.set_num_threads({torch.get_num_threads()});"
        "print(machine_of(torch.device('cpu')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(ONE)


def test_another_number_of_threads_is_another_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(monkeypatch, ONE, ONE, OTHER, OTHER)
    assert machine_of(CPU) == ONE
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    assert machine_of(CPU) == OTHER
    assert len(list(folder.iterdir())) == 2


def test_a_machine_too_busy_to_tell_is_typical_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measure(monkeypatch, ONE, OTHER)
    assert machine_of(CPU) == TYPICAL["cpu"]
    machine._kept.cache_clear()
    assert machine_of(CPU) == TYPICAL["cpu"]


def test_a_machine_whose_memory_is_full_is_typical(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = torch.OutOfMemoryError("CUDA out of memory")
    monkeypatch.setattr(machine, "measured", Mock(side_effect=full))
    assert machine_of(CPU) == TYPICAL["cpu"]
    assert not list(folder.iterdir())
    machine._kept.cache_clear()
    monkeypatch.setattr(machine, "measured", Mock(side_effect=RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        machine_of(CPU)


def test_who_measured_first_is_believed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(device: torch.device) -> Machine:
        machine._kept.cache_clear()
        monkeypatch.setattr(machine, "measured", lambda device: ONE)
        assert machine_of(device) == ONE
        monkeypatch.setattr(machine, "measured", lambda device: OTHER)
        return OTHER

    monkeypatch.setattr(machine, "measured", slowly)
    assert machine_of(CPU) == ONE
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"value": 3}', "7"])
def test_a_damaged_file_is_as_if_nothing_could_be_kept(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(monkeypatch, ONE, ONE)
    machine_of(CPU)
    machine._kept.cache_clear()
    (file,) = folder.iterdir()
    file.write_text(text)
    assert machine_of(CPU) == TYPICAL["cpu"]


def test_where_nothing_can_be_kept_it_is_typical(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert machine_of(CPU) == TYPICAL["cpu"]


def test_no_device_to_run_on_is_typical() -> None:
    assert machine_of(torch.device("meta")) == TYPICAL["cpu"]
