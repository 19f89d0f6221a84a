"""The transforms of torchvision and timm, and what they make of a photograph."""

from typing import Any

import numpy as np
import PIL.Image
import pytest
import timm.data
import torch
from torch import Tensor, nn
from torchvision import models, transforms
from torchvision.transforms import InterpolationMode, v2

import gnomon
from gnomon import Detector, Preprocessing, load_classifier
from gnomon.classifier.transforms import as_preprocessing
from gnomon.errors import SettingError

DATA: Any = timm.data
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
NORMALIZE = transforms.Normalize(MEAN, STD)
TENSOR = transforms.ToTensor()

TAKEN = {
    "squash": transforms.Compose([transforms.Resize((40, 56)), TENSOR, NORMALIZE]),
    "crop": transforms.Compose(
        [transforms.Resize(48), transforms.CenterCrop(40), TENSOR, NORMALIZE]
    ),
    "bicubic": transforms.Compose(
        [
            transforms.Resize(48, InterpolationMode.BICUBIC),
            transforms.CenterCrop(40),
            TENSOR,
            NORMALIZE,
        ]
    ),
    "within each other": transforms.Compose(
        [transforms.Compose([transforms.Resize((40, 40))]), transforms.CenterCrop(40), TENSOR]
    ),
    "version 2": v2.Compose(
        [
            v2.Resize((40, 40)),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    ),
    "one mean for all": transforms.Compose(
        [transforms.Resize((40, 40)), TENSOR, transforms.Normalize([0.5], [0.25])]
    ),
    "torchvision's own": models.ResNet50_Weights.DEFAULT.transforms(),
    "timm's": DATA.create_transform((3, 40, 40), is_training=False, crop_pct=0.9),
}


@pytest.mark.filterwarnings("ignore:The transform `ToTensor")
@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("size", [(90, 61), (61, 90), (70, 70)])
def test_the_network_sees_what_it_saw_in_training(name: str, size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    photograph = PIL.Image.fromarray(values).resize(size, PIL.Image.Resampling.BICUBIC)
    transform: Any = TAKEN[name]
    expected: Tensor = transform(photograph)
    how = as_preprocessing(transform)
    image = gnomon.load_image(
        photograph,
        size=how.size,
        resize=how.resize,
        crop_fraction=how.crop_fraction,
        interpolation=how.interpolation,
    )
    # Where the resizing is of tensors (version 2, torchvision's own), a level of 255 may differ.
    level = 2 / 255 / min(how.std)
    torch.testing.assert_close(how.normalize(image.pixels), expected, atol=level, rtol=0)


def test_oblongs_of_timm_are_read() -> None:
    how = as_preprocessing(DATA.create_transform((3, 224, 320), is_training=False))
    assert (how.size, how.resize) == ((224, 320), "crop")
    assert (round(224 / how.crop_fraction), round(320 / how.crop_fraction)) == (256, 365)


def test_they_are_a_detector_s_preprocessing_as_a_list_too() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    steps = [transforms.Resize((24, 32)), transforms.ToTensor()]
    plain = Preprocessing(
        size=(24, 32), crop_fraction=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
    )
    for given in (steps, transforms.Compose(steps), nn.Sequential(steps[0])):
        detector = Detector(network, preprocessing=given, patch=8, device="cpu")
        assert detector.classifier.preprocessing == plain
    bigger = load_classifier(network, preprocessing=steps, size=64)
    assert bigger.preprocessing.size == (64, 64)


class Own:
    def __call__(self, image: Any) -> Any:
        return image


REFUSED = {
    "a function": (lambda image: image, "function"),
    "a step of one's own": (transforms.Compose([transforms.Resize((8, 8)), Own()]), "Own"),
    "a class that is called alike": (type("Resize", (), {"__call__": lambda *_: None})(), "Resize"),
    "gray": (transforms.Compose([transforms.Resize((8, 8)), transforms.Grayscale(3)]), "Grayscale"),
    "chance": (transforms.Compose([transforms.RandomResizedCrop(8)]), "RandomResizedCrop"),
    "no size": (transforms.Compose([transforms.Resize(8), TENSOR]), r"add CenterCrop\(size\)"),
    "nothing": ([], r"add CenterCrop\(size\)"),
    "twice": (transforms.Compose([transforms.Resize(8), transforms.Resize((4, 4))]), "again"),
    "normalized twice": (transforms.Compose([NORMALIZE, NORMALIZE]), "again"),
    "a crop alone": (transforms.CenterCrop(8), "not resized before"),
    "a crop of what was squashed": (
        transforms.Compose([transforms.Resize((9, 9)), transforms.CenterCrop(8)]),
        "squashed",
    ),
    "an oblong of the shorter side": (
        transforms.Compose([transforms.Resize(9), transforms.CenterCrop((8, 6))]),
        "oblong",
    ),
    "a crop larger than the picture": (
        transforms.Compose([transforms.Resize(8), transforms.CenterCrop(9)]),
        "larger than",
    ),
    "max_size": (transforms.Resize(8, max_size=10), "max_size"),
    "no antialias": (transforms.Resize((8, 8), antialias=False), "antialias"),
    "0 to 255": (
        v2.Compose([v2.Resize((8, 8)), v2.ToImage(), v2.ToDtype(torch.float32)]),
        "scale=True",
    ),
    "timm's border": (
        DATA.create_transform((3, 8, 8), is_training=False, crop_mode="border"),
        "ResizeKeepRatio",
    ),
    "timm's training": (DATA.create_transform((3, 8, 8), is_training=True), "Random"),
    "three numbers": ((0.5, 0.5, 0.5), "preprocessing is|float"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused_when_the_detector_is_made(name: str) -> None:
    given, says = REFUSED[name]
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(SettingError, match=says):
        Detector(network, preprocessing=given, device="cpu")
