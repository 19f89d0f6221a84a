"""Every error that a user can cause is a GnomonError: whatever is given to the public API."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import gnomon
from gnomon.arguments import checked
from gnomon.datasets import open_dataset
from gnomon.errors import GnomonError, SettingError
from gnomon.geometry import Affine
from gnomon.types import Work

SAMPLES = Path(__file__).parents[1] / "samples"

STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    3,
    10**30,
    0.5,
    -1e300,
    float("nan"),
    float("inf"),
    1j,
    "",
    "x",
    "nobody:here",
    "/nowhere\0",
    b"\xff",
    (),
    (0, 0),
    (-4, 8),
    (2.5, 3),
    ("a", 1),
    [[]],
    {},
    {"a": 1},
    object(),
    int,
    len,
    Path("absent"),
    np.array(3),
    np.array([]),
    np.zeros((2, 2), dtype=object),
    np.full((8, 8), np.nan),
    torch.zeros(0),
    torch.zeros(2, 3, 4),
    nn.Identity(),
)


@dataclass(frozen=True)
class Case:
    """A public callable, and arguments that it takes."""

    call: Callable[..., Any]
    good: dict[str, Any]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    how = gnomon.Preprocessing(size=(16, 24))
    classifier = gnomon.Classifier(network, how)
    image = gnomon.load_image(SAMPLES / "cat.jpg", size=(16, 24))
    detector = gnomon.Detector(classifier, patch=8, stride=8, device="cpu", keep=1.0)
    found = detector.detect(image)
    points = gnomon.find_peaks(found.confidence)
    landmarks = {"xy": [[1, 2]], "ids": [0], "names": ("a",), "visible": [True], "scale": 2.0}
    return {
        "Classifier": Case(gnomon.Classifier, {"network": network, "preprocessing": how}),
        "Detector": Case(
            gnomon.Detector,
            {"classifier": network, "preprocessing": how, "device": "cpu", "patch": 8},
        ),
        "detect": Case(detector.detect, {"image": image}),
        "detector": Case(detector, {"source": SAMPLES / "cat.jpg"}),
        "with_settings": Case(detector.with_settings, {"keep": 0.5}),
        "Preprocessing": Case(gnomon.Preprocessing, {"size": (16, 24)}),
        "Settings": Case(gnomon.Settings, {}),
        "load_classifier": Case(
            gnomon.load_classifier, {"spec": network, "preprocessing": how, "device": "cpu"}
        ),
        "save_checkpoint": Case(
            gnomon.save_checkpoint,
            {"classifier": classifier, "path": tmp_path_factory.mktemp("a") / "m.safetensors"},
        ),
        "load_image": Case(gnomon.load_image, {"source": SAMPLES / "cat.jpg", "size": (16, 24)}),
        "occlude": Case(
            gnomon.occlude, {"classifier": classifier, "image": image, "patch": 8, "stride": 8}
        ),
        "plan": Case(gnomon.occlusion.plan, {"model": network, "size": (16, 24), "patch": 8}),
        "DenseEngine": Case(gnomon.occlusion.DenseEngine, {"network": network}),
        "IncrementalEngine": Case(gnomon.occlusion.IncrementalEngine, {"network": network}),
        "open_dataset": Case(open_dataset, {"name": "cub:absent"}),
        "fine_map": Case(gnomon.fine_map, {"classifier": classifier, "image": image}),
        "guided_backprop": Case(gnomon.guided_backprop, {"classifier": classifier, "image": image}),
        "fuse": Case(gnomon.fuse, {"coarse": found.coarse, "fine": found.fine}),
        "find_peaks": Case(gnomon.find_peaks, {"heatmap": found.confidence}),
        "refine": Case(gnomon.refine, {"image": image, "keypoints": points}),
        "read_run": Case(gnomon.read_run, {"folder": "absent"}),
        "PartModel.read": Case(gnomon.PartModel.read, {"path": "absent"}),
        "discover_parts": Case(gnomon.discover_parts, {"run": "absent", "classifier": classifier}),
        "Heatmap": Case(gnomon.Heatmap, {"values": np.zeros((4, 4)), "kind": "fine"}),
        "Image": Case(
            gnomon.Image,
            {
                "pixels": image.pixels,
                "source": "a",
                "content_hash": "0",
                "size": (3, 2),
                "to_file": Affine.identity(),
            },
        ),
        "Keypoints": Case(
            gnomon.Keypoints,
            {
                name: getattr(points, name)
                for name in inspect.signature(gnomon.Keypoints).parameters
            },
        ),
        "Keypoints.at": Case(gnomon.Keypoints.at, {"xy": [[1, 2]], "score": [1]}),
        "Landmarks": Case(gnomon.Landmarks, landmarks),
        "Detection": Case(
            gnomon.Detection,
            {name: getattr(found, name) for name in inspect.signature(gnomon.Detection).parameters}
            | {"work": Work("none", 0, 0.0)},
        ),
    }


PUBLIC = set(vars(gnomon)["__all__"]) - {"GnomonError", "occlusion"}
NAMES = [
    "Classifier",
    "Detector",
    "detect",
    "detector",
    "with_settings",
    "Preprocessing",
    "Settings",
    "load_classifier",
    "save_checkpoint",
    "load_image",
    "occlude",
    "plan",
    "DenseEngine",
    "IncrementalEngine",
    "open_dataset",
    "fine_map",
    "guided_backprop",
    "fuse",
    "find_peaks",
    "refine",
    "read_run",
    "PartModel.read",
    "discover_parts",
    "Heatmap",
    "Image",
    "Keypoints",
    "Keypoints.at",
    "Landmarks",
    "Detection",
]


def test_all_that_is_public_is_among_them(cases: dict[str, Case]) -> None:
    assert sorted(cases) == sorted(NAMES)
    assert {name.partition(".")[0] for name in NAMES} >= PUBLIC


@pytest.mark.filterwarnings("ignore:.*runs densely")
@pytest.mark.parametrize("name", NAMES)
def test_strange_arguments_are_taken_or_refused_with_a_sentence(
    name: str, cases: dict[str, Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    case, said = cases[name], list[str]()
    for argument in _arguments(case.call):
        for value in STRANGE:
            if argument == "progress" and callable(value):
                continue  # It is called, and what it raises is its own.
            try:
                case.call(**(case.good | {argument: value}))
            except GnomonError as error:
                said.append(str(error))
            except Exception as error:
                pytest.fail(f"{argument}={value!r}: {type(error).__name__}: {error}")
    assert said
    assert all(len(sentence) > 15 for sentence in said)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_that_are_not_there_are_said(name: str, cases: dict[str, Case]) -> None:
    case = cases[name]
    with pytest.raises(SettingError, match="unknown argument 'nonsense'"):
        case.call(**case.good, nonsense=1)
    with pytest.raises(SettingError, match="too many positional arguments"):
        case.call(*range(40))
    needed = [
        one.name
        for one in inspect.signature(case.call).parameters.values()
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    ]
    if needed:
        with pytest.raises(SettingError, match=f"missing a required.*{needed[0]}"):
            case.call()


def _arguments(call: Callable[..., Any]) -> list[str]:
    names = [
        one.name
        for one in inspect.signature(call).parameters.values()
        if one.kind is not one.VAR_KEYWORD
    ]
    several = "changes" in inspect.signature(call).parameters
    return names + (list(inspect.signature(gnomon.Settings).parameters) if several else [])


def test_what_is_right_passes_unchanged() -> None:
    @checked
    def takes(size: tuple[int, int], names: list[str] | None = None, *, ratio: float = 1) -> Any:
        return size, names, ratio

    loose: Any = takes
    assert loose([1, 2], ratio=2) == ([1, 2], None, 2)
    assert loose((np.int32(1), 2), ["a"], ratio=np.float32(0.5)) == ((1, 2), ["a"], 0.5)
    with pytest.raises(SettingError, match=r"size is \(1,\); it is \(a whole number, a whole"):
        loose((1,))
    with pytest.raises(SettingError, match="names is 'ab'; it is a sequence of text or None"):
        loose((1, 2), "ab")
    with pytest.raises(TypeError):
        loose((1, 2), ratio="1")
