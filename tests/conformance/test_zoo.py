"""Small networks in the ways people write them: both engines, every fine method, both ways up."""

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from single_passes import one_by_one
from torch import Tensor, nn
from zoo import ZOO
from zoo.saved import SAVED

from gnomon.backprop import FINE_METHODS, fine_map
from gnomon.backprop.gradients import smoothgrad
from gnomon.classifier import Classifier, Preprocessing
from gnomon.geometry import Affine
from gnomon.occlusion import DenseEngine, IncrementalEngine
from gnomon.occlusion.incremental import engine as incremental_engine
from gnomon.occlusion.windows import window_grid
from gnomon.types import Image

PATCH = 6
DENSE = {
    "len": "len",
    "chunks in a loop": "iterated",
    "unbind": "iterated",
    "squeeze without a dimension": "two images or more at a time",
    "expanded constant": "ones",
    "spatial transformer": "iterated",
    "deformable": "control flow",
    "batch norm of the batch": "depend on the others in its batch",
    "batch norm by hand": "depend on the others in its batch",
    "batch norm still training": "depend on the others in its batch",
    "branches": "float",
    "writes a part": "item assignment",
    "half precision inside": "does not compute what it computes",
    "contiguous alone": "control flow",
    "scripted": "TorchScript",
    "traced": "TorchScript",
    "traced for one image": "TorchScript",
    "frozen": "TorchScript",
    "exported for one image": "1 image at a time",
    "exported for two images": "two images or more at a time",
    "exported for three images": "3 images at a time",
}
"""Which networks run densely as a whole, and what the plan says of it."""
OF_LAYERS = ("guided-layers", "layers", "layers-views")
VIEWS = dict.fromkeys(OF_LAYERS, "guided")
STAND_INS = {
    "activation of its own": dict.fromkeys(("guided", *OF_LAYERS), "gradient"),
    "flipped too": VIEWS,
    "four quarters": VIEWS,
}
"""Where a guided method cannot read a network, the one that is used."""


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every plan, and take few copies for SmoothGrad."""
    monkeypatch.setattr(incremental_engine, "known_outcome", lambda *_: None)
    monkeypatch.setattr(incremental_engine, "keep_outcome", lambda *_: None)
    monkeypatch.setitem(FINE_METHODS, "smoothgrad", partial(smoothgrad, copies=2))


class AsWritten(nn.Module):
    """Asks a network as its author would: for one image, or for as many as it wants."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        for count in (1, 2, 3):
            try:
                scores = _scores(self.network(image.repeat(count, 1, 1, 1)))
            except AssertionError:  # an exported program of another size
                continue
            if scores.ndim == 2 and len(scores) == count:
                return scores[:1]
        raise AssertionError("no scores")


def _scores(outputs: Any) -> Tensor:
    if isinstance(outputs, Mapping):
        outputs = outputs["logits"]
    elif not isinstance(outputs, Tensor):
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs.logits
    assert isinstance(outputs, Tensor)
    return outputs


def evaluating(network: nn.Module) -> nn.Module:
    if not isinstance(network, torch.fx.GraphModule):
        network.eval()
    return network


def everything(network: nn.Module) -> dict[str, Any]:
    """Give all that gnomon might change of a user's network."""
    hooks = {
        (name, kind): len(value)
        for name, module in network.named_modules()
        if not isinstance(module, torch.jit.ScriptModule)
        for kind, value in vars(module).items()
        if kind.endswith("_hooks")
    }
    return {
        "tensors": {name: (t.clone(), t._version) for name, t in network.state_dict().items()},
        "hooks": hooks,
        "training": [getattr(module, "training", None) for module in network.modules()],
        "own": [sorted(vars(module)) for module in network.modules()],
        "grad": [parameter.grad for parameter in network.parameters()],
    }


def assert_unchanged(network: nn.Module, before: dict[str, Any]) -> None:
    after = everything(network)
    tensors, values = before.pop("tensors"), after.pop("tensors")
    assert tensors.keys() == values.keys()
    for name, (tensor, version) in tensors.items():
        now, number = values[name]
        assert number == version, name
        assert torch.equal(now.to_dense(), tensor.to_dense()), name
    assert after == before


def picture(height: int, width: int) -> Image:
    pixels = torch.rand(3, height, width, generator=torch.Generator().manual_seed(3))
    return Image(pixels, "drawn", "0", (width, height), Affine.identity())


def gradient_by_hand(classifier: Classifier, network: nn.Module, image: Image) -> Any:
    pixels = image.pixels[None].requires_grad_()
    scores = AsWritten(network)(classifier.preprocessing.normalize(pixels))
    probability = scores.double().softmax(1)[0, 1]
    (found,) = torch.autograd.grad(probability, pixels)
    return found[0].abs().amax(0).numpy()


@pytest.mark.parametrize("size", [(16, 24), (24, 16)], ids=["landscape", "portrait"])
@pytest.mark.parametrize("name", ZOO)
def test_every_network_gives_the_right_values(name: str, size: tuple[int, int]) -> None:
    network = ZOO[name](*size)
    before = everything(network)
    classifier = Classifier(network, Preprocessing(size=size))
    random = torch.Generator().manual_seed(1)
    image = torch.randn(3, *size, generator=random)
    windows = window_grid(*size, PATCH, 5)
    patches = torch.randn(len(windows), 3, PATCH, PATCH, generator=random)
    outputs = {}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        outputs["dense"] = DenseEngine(classifier.scorer).outputs(image, windows, patches)
        incremental = IncrementalEngine(classifier.scorer)
        outputs["incremental"] = incremental.outputs(image, windows, patches)
        planned = incremental.plan(image, windows, PATCH)
        fine = {
            method: fine_map(classifier, picture(*size), method=method, label_index=1)
            for method in FINE_METHODS
        }
    assert_unchanged(network, before)

    # A compiled network is the one that was compiled; to compile it here would take long.
    written = evaluating(ZOO["eager" if name.startswith("compiled") else name](*size))
    expected = one_by_one(AsWritten(written), image, windows, patches)
    assert float(expected.std(0).max()) > 1e-4 * float(expected.abs().max())
    for engine, given in outputs.items():
        apart = (given - expected).abs().max() / expected.abs().max()
        assert apart <= 1e-4, engine

    assert DENSE.get(name, "") in planned.dense_because
    assert bool(planned.dense_because) == (name in DENSE)
    said = [str(one.message) for one in told if "runs densely" in str(one.message)]
    assert len(said) == (name in DENSE)

    stand_ins = STAND_INS.get(name, {})
    assert {m: found.method for m, found in fine.items()} == {
        method: stand_ins.get(method, method) for method in FINE_METHODS
    }
    assert all(np.isfinite(found.values).all() for found in fine.values())
    if "backward" not in name:  # as written, these fail when gradients are asked for
        by_hand = gradient_by_hand(classifier, written, picture(*size))
        tolerance = 0.02 if name == "half precision inside" else 1e-4
        apart = np.abs(fine["gradient"].values - by_hand).max()
        assert apart <= tolerance * by_hand.max()


@pytest.mark.parametrize("name", [name for name in SAVED if name != "a script inside"])
def test_a_network_that_was_saved_has_the_guided_maps_that_it_had_before(name: str) -> None:
    image = picture(16, 24)
    maps = [
        fine_map(Classifier(make(16, 24), Preprocessing(size=(16, 24))), image, label_index=1)
        for make in (SAVED["eager"], SAVED[name])
    ]
    assert maps[0].values.max() > 0
    np.testing.assert_allclose(maps[1].values, maps[0].values, rtol=1e-4, atol=1e-9)
