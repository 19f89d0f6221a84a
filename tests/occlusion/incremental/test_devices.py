"""The engines on tensors that are CUDA's in all but their values: none may mix devices."""

from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from gnomon.occlusion import DenseEngine, dense
from gnomon.occlusion.engine import outputs_of_several
from gnomon.occlusion.incremental import IncrementalEngine, engine
from gnomon.occlusion.incremental.machine import TYPICAL
from gnomon.occlusion.windows import window_grid

WINDOWS = window_grid(64, 64, 16, 8)


class Known(Tensor):
    """Windows that plans can be made of, where tensors have no values."""

    array: np.ndarray[Any, np.dtype[np.int64]] = WINDOWS.numpy()

    def cpu(self, *_: object) -> "Known":
        return self

    def numpy(self, **_: object) -> Any:
        return self.array


@pytest.fixture(autouse=True)
def no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what asks for values; there are none."""

    def tried(self: DenseEngine, image: Tensor) -> Any:
        return dense._Way(self._network, self._laid_out)

    monkeypatch.setattr(DenseEngine, "_tried", tried)
    monkeypatch.setattr(engine, "fingerprint", lambda *_: "")
    monkeypatch.setattr(engine, "known_outcome", lambda *_: "")
    monkeypatch.setattr(engine, "machine_of", lambda device: TYPICAL[device.type])
    for module in (engine, dense):
        monkeypatch.setattr(module, "check_finite", lambda *_: None)


def made(name: str) -> nn.Module:
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    network: nn.Module = torchvision.models.get_model(name, **options)
    return network.eval()


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("kind", [DenseEngine, IncrementalEngine])
@pytest.mark.parametrize(
    "name", ["resnet18", "vgg11_bn", "googlenet", "mobilenet_v3_small", "shufflenet_v2_x0_5"]
)
def test_all_stays_on_the_images_device(
    name: str, kind: type[DenseEngine | IncrementalEngine], images: int
) -> None:
    with FakeTensorMode(allow_non_fake_inputs=True):
        with torch.device("cuda"):
            network = made(name)
            pixels = torch.empty(images, 3, 64, 64)
            patches = torch.empty(images, len(WINDOWS), 3, 16, 16)
        windows = WINDOWS if kind is DenseEngine else WINDOWS.as_subclass(Known)
        outputs = outputs_of_several(kind(network), pixels, windows, patches)
    assert outputs.device.type == "cuda"
    assert outputs.shape == (images, len(WINDOWS), 1000)


def test_mixed_devices_would_be_seen() -> None:
    with (
        FakeTensorMode(allow_non_fake_inputs=True),
        pytest.raises(RuntimeError, match="devices"),
    ):
        torch.empty(49, 2, device="cuda") + WINDOWS
