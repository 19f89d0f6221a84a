"""One suite for all engines: the outputs are those of one forward pass for each window."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import torchvision
from single_passes import one_by_one
from torch import Tensor, nn

import gnomon
from gnomon.classifier import load_classifier
from gnomon.images import load_image
from gnomon.occlusion import DenseEngine, Engine, occlude
from gnomon.occlusion.engine import outputs_of_several
from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.windows import window_grid

ENGINES: dict[str, Callable[[nn.Module], Engine]] = {
    "dense": DenseEngine,
    "incremental": IncrementalEngine,
}
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4}
QUICK_MODELS = ("alexnet", "squeezenet1_1", "resnet18", "mobilenet_v2", "shufflenet_v2_x0_5")
ALL_MODELS = (
    *("alexnet", "vgg11", "vgg16", "vgg19", "vgg13_bn", "vgg16_bn", "squeezenet1_0"),
    *("squeezenet1_1", "resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2"),
    *("densenet121", "densenet201", "googlenet", "inception_v3", "mobilenet_v2"),
    *("mobilenet_v3_small", "mobilenet_v3_large", "mnasnet0_5", "mnasnet1_3"),
    *("shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "regnet_x_400mf", "regnet_y_400mf"),
    *("efficientnet_b0", "efficientnet_v2_s", "convnext_tiny", "tf_efficientnet_lite0"),
    *("swin_t", "vit_b_16"),
)
SMALLEST = {"alexnet": 71, "inception_v3": 96, "vit_b_16": 224}


def model(name: str) -> nn.Module:
    """Make a network whose signal neither dies nor saturates, its batch norms all different."""
    torch.manual_seed(0)
    options: dict[str, Any] = {"num_classes": 11}
    if name in ("googlenet", "inception_v3"):
        options |= {"aux_logits": False, "init_weights": False, "transform_input": True}
    make = timm.create_model if name.startswith("tf_") else torchvision.models.get_model
    network: nn.Module = make(name, **options)
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    if norms:
        with torch.no_grad():
            network.train()(torch.randn(2, 3, 128, 128))
    for norm in norms:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean += 0.1 * torch.randn_like(norm.running_mean) * norm.running_var.sqrt()
        norm.running_var *= 1.0 + 0.5 * torch.rand_like(norm.running_var)
        norm.weight.data *= 0.5 + 0.5 * torch.rand_like(norm.weight)
        norm.bias.data += 0.1 * torch.randn_like(norm.bias)
    for layer in network.modules():  # torchvision's ViT begins with a head of zeros
        if isinstance(layer, nn.Linear) and not layer.weight.any():
            nn.init.normal_(layer.weight, std=0.1)
    return network.eval()


def scene(height: int, width: int, patch: int, stride: int, most: int) -> tuple[Tensor, ...]:
    """Make an image, some of its windows, the four corners among them, and what fills them."""
    generator = torch.Generator().manual_seed(1)
    windows = window_grid(height, width, patch, stride)
    (down, right) = (height - patch, width - patch)
    corners = torch.tensor([[0, 0], [0, right], [down, 0], [down, right]])
    some = windows[torch.randperm(len(windows), generator=generator)[:most]]
    windows = torch.unique(torch.cat([corners, some]), dim=0)
    image = torch.randn(3, height, width, generator=generator)
    return image, windows, torch.randn(len(windows), 3, patch, patch, generator=generator)


def check(
    engine: str, name: str, dtype: torch.dtype, image: Tensor, windows: Tensor, patches: Tensor
) -> None:
    network = model(name).to(dtype)
    (image, patches) = (image.to(dtype), patches.to(dtype))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    outputs = ENGINES[engine](network).outputs(image, windows, patches)
    expected = one_by_one(network, image, windows, patches)
    assert float(expected.std(0).max()) > 0.0, "the windows must matter"
    difference = float((outputs - expected).abs().max() / expected.abs().max())
    assert difference <= TOLERANCE[dtype]
    assert outputs.shape == (len(windows), 11)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", QUICK_MODELS)
def test_outputs_are_those_of_single_passes(engine: str, name: str) -> None:
    check(engine, name, torch.float64, *scene(72, 91, 16, 8, most=4))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ALL_MODELS)
def test_every_model_runs_incrementally_as_it_does_window_by_window(
    name: str, dtype: torch.dtype
) -> None:
    smallest = SMALLEST.get(name, 80)
    width = smallest if name == "vit_b_16" else smallest + 15
    check("incremental", name, dtype, *scene(smallest, width, 16, 8, most=4))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [*QUICK_MODELS, "googlenet", "regnet_y_400mf"])
def test_several_images_together_give_what_each_gives_alone(engine: str, name: str) -> None:
    network = model(name).double()
    size = SMALLEST.get(name, 80)
    image, windows, patches = (
        part.double() if part.is_floating_point() else part
        for part in scene(size, size, 16, 8, most=4)
    )
    images = torch.stack([image, image.flip(1)])
    fillings = torch.stack([patches, patches.flip(0)])
    made = ENGINES[engine](network)
    together = outputs_of_several(made, images, windows, fillings)
    for outputs, own, filling in zip(together, images, fillings, strict=True):
        alone = made.outputs(own, windows, filling)
        assert (outputs - alone).abs().max() <= 1e-10 * alone.abs().max()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("patch", [1, 5, 33, 64])
@pytest.mark.parametrize("stride", [3, 40])
def test_any_patch_and_stride(engine: str, patch: int, stride: int) -> None:
    check(engine, "resnet18", torch.float64, *scene(64, 80, patch, stride, most=4))


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_do_not_depend_on_the_order_of_the_windows(engine: str) -> None:
    network = model("resnet18")
    image, windows, patches = scene(96, 80, 16, 16, most=30)
    # Some windows come twice, with different contents.
    windows = torch.cat([windows, windows[:5]])
    patches = torch.cat([patches, torch.randn(5, *patches.shape[1:])])
    made = ENGINES[engine](network)
    outputs = made.outputs(image, windows, patches)
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(2))
    shuffled = made.outputs(image, windows[order], patches[order])
    assert torch.equal(shuffled, outputs[order])
    assert torch.equal(ENGINES[engine](network).outputs(image, windows, patches), outputs)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_network_stays_as_it_was(engine: str) -> None:
    network = model("resnet18").train()
    calls: list[int] = []
    network.get_submodule("layer1.0.conv1").register_forward_hook(lambda *_: calls.append(1))
    flags = [(layer.training, len(layer._forward_hooks)) for layer in network.modules()]
    weights = {key: value.data_ptr() for key, value in network.state_dict().items()}
    image, windows, patches = scene(64, 64, 16, 16, most=4)
    ENGINES[engine](network).outputs(image, windows, patches)
    assert flags == [(layer.training, len(layer._forward_hooks)) for layer in network.modules()]
    assert weights == {key: value.data_ptr() for key, value in network.state_dict().items()}


@pytest.mark.parametrize("engine", ENGINES)
def test_progress_adds_up(engine: str) -> None:
    image, windows, patches = scene(64, 80, 16, 8, most=40)
    told: list[int] = []
    ENGINES[engine](model("squeezenet1_1")).outputs(image, windows, patches, told.append)
    assert sum(told) == len(windows)


DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="no photographs at ../shared/data")
def test_the_embedded_classifier_sees_the_same_in_real_photographs() -> None:
    classifier = load_classifier("embedded")
    engine = IncrementalEngine(classifier.network)
    for path in sorted((DATA / "cub10").rglob("*.jpg"))[:2]:
        image = load_image(path, size=classifier.preprocessing.size)
        dense = occlude(classifier, image, stride=32, engine="dense")
        incremental = occlude(classifier, image, stride=32, engine=engine)
        scale = float(np.abs(dense.values).max())
        np.testing.assert_allclose(incremental.values, dense.values, atol=1e-4 * scale)
        found = [
            gnomon.Detector(engine=name, stride=32)(str(path)).keypoints
            for name in ("dense", "gnomon.occlusion.incremental:IncrementalEngine")
        ]
        np.testing.assert_allclose(found[0].xy, found[1].xy, atol=1e-2)
