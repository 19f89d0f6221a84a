import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gnomon.classifier.state import fit, read_state
from gnomon.errors import ClassifierError

Make = Callable[..., nn.Sequential]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("was_run",)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": dict(state)},
    ],
)
def test_the_usual_wrappings_are_taken_off(
    tiny: Make, tmp_path: Path, wrap: Callable[[object], object]
) -> None:
    state = tiny().state_dict()
    torch.save(wrap(state), tmp_path / "w.pth")
    found = read_state(tmp_path / "w.pth")
    assert list(found) == list(state)
    assert all(found[name].equal(state[name]) for name in state)


def test_free_pickles_are_refused_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Evil()}, "evil.pth")
    Path("evil.pt").write_bytes(pickle.dumps(Evil()))
    for name in ("evil.pth", "evil.pt"):
        with pytest.raises(ClassifierError, match="gnomon loads no other pickles"):
            read_state(Path(name))
    assert not Path("was_run").exists()


def test_whole_networks_are_refused(tiny: Make, tmp_path: Path) -> None:
    torch.save(tiny(), tmp_path / "network.pth")
    with pytest.raises(ClassifierError, match=r"save the network's state_dict\(\)"):
        read_state(tmp_path / "network.pth")


@pytest.mark.parametrize("content", [torch.zeros(2), {"a": 1}, {}, [torch.zeros(1)]])
def test_what_is_no_state_is_said(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(ClassifierError, match="holds no state_dict"):
        read_state(tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"not weights at all", b"PK\x03\x04 broken"])
def test_broken_files_are_said(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClassifierError, match="w\\."):
        read_state(tmp_path / name)


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="there is no weights file"):
        read_state(tmp_path / "none.pth")


def test_safetensors_are_read(tiny: Make, tmp_path: Path) -> None:
    state = tiny().state_dict()
    save_file(state, tmp_path / "w.safetensors")
    found = read_state(tmp_path / "w.safetensors")
    assert all(found[name].equal(state[name]) for name in state)


def test_a_misfit_is_told_in_names_and_shapes(tiny: Make) -> None:
    state = OrderedDict(tiny(5).state_dict())
    del state["0.weight"]
    state["extra"] = torch.zeros(1)
    with pytest.raises(ClassifierError) as caught:
        fit(tiny(3), state, "'w.pth'")
    said = str(caught.value)
    assert "1 missing (0.weight)" in said
    assert "1 unexpected (extra)" in said
    assert "2 of another shape (6.weight (5, 4) for (3, 4), 6.bias (5,) for (3,))" in said


def test_files_without_module_versions_are_current() -> None:
    """MNASNet rebuilds itself in an older shape when the tensors name no version."""
    from torchvision.models import get_model

    network, other = (get_model("mnasnet0_5", weights=None) for _ in range(2))
    shapes = {name: tensor.shape for name, tensor in other.state_dict().items()}
    fit(other, OrderedDict(network.state_dict().items()), "w")
    assert {name: tensor.shape for name, tensor in other.state_dict().items()} == shapes
    assert all(a.equal(b) for a, b in zip(network.parameters(), other.parameters(), strict=True))
