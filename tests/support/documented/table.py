"""What stands in for what cannot be done here; whatever is not in this table runs as it stands."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from documented import given

SMALL = "--size 64 64"
ONE_EPOCH = f"{SMALL} --epochs 1 --head-epochs 0 --batch-size 8"


@dataclass(frozen=True, slots=True)
class StandIn:
    """What is done in place of commands that match ``pattern``, and why.

    ``instead`` is put in the pattern's place, as by `re.sub`; ``None`` leaves the command out.
    ``before`` is what a person or another tool does before the command is typed.
    """

    pattern: str
    instead: str | None
    reason: str
    before: Callable[[Path], None] | None = None


STAND_INS = (
    StandIn(
        r"^(python3 -m venv \.venv|\S*pip install --constraint.*|uv pip install .*)$",
        r"""test -f "$CHECKOUT/constraints.txt" """,
        "packages would be installed from a registry",
    ),
    StandIn(
        r"^make (demo)$",
        r"make \1 BIN=bin",
        "the environment would be installed from a registry; a `bin/gnomon` stands in",
    ),
    StandIn(
        r"^make (test|lint|bench|mutants|fuzz)$",
        r"make --dry-run \1",
        "they run this test, or take hours",
    ),
    StandIn(
        r"^pip install 'gnomon\[(\w+)\]'$",
        r"""grep '^\1 = ' "$CHECKOUT/pyproject.toml" """,
        "nothing is installed; the extra must be there",
    ),
    StandIn(
        r"^(gnomon detect .*)--preset paper",
        rf"\1--preset paper --model embedded/squeezenet1_1 {SMALL}",
        "VGG-19's weights are a download",
    ),
    StandIn(
        r"--model timm/resnet50 --keep",
        r"--model timm/resnet10t --weights downloaded.pth --keep",
        "ResNet-50's weights are a download",
    ),
    StandIn(
        r"^gnomon serve --model mine --model timm/resnet50",
        r"gnomon serve --model mine --model embedded/squeezenet1_1",
        "ResNet-50's weights are a download",
    ),
    StandIn(
        r"torchvision/vgg19 --weights vgg19.pth",
        r"timm/resnet10t --weights downloaded.pth",
        "VGG-19's weights are 548 MB",
    ),
    StandIn(
        r"^(gnomon detect (?!.*--(?:preset|label|save-heatmaps)).*)$",
        rf"\1 {SMALL}",
        "time: a twelfth of the network's pixels",
    ),
    StandIn(r"^(gnomon train .*)$", rf"\1 {ONE_EPOCH}", "time: 20 epochs at 224 px"),
    StandIn(
        r"^(gnomon evaluate .*)$",
        r"\1 --sanity-images 1 --repeat-images 1",
        "time: four images of each are the default",
    ),
    StandIn(
        r"^(gnomon parts runs/birds)$",
        r"\1 --parts 2",
        "a dozen pictures of noise have no 6 parts",
    ),
    StandIn(r"^(gnomon repeat .*)$", r"\1 --limit 1 --warps 1", "time: all photographs, all warps"),
    StandIn(
        r"^(gnomon serve.*)$",
        r"\1 --no-show",
        "no browser is opened, and the server is ended when it would answer (tests/web/ asks it)",
    ),
    StandIn(
        r"^(gnomon detect s3://.*--executor local)",
        r"\1 --workers 1",
        "time: each worker imports PyTorch; the bucket is on this machine",
    ),
    StandIn(r"^ray start", None, "no cluster here; tests/conformance/test_ray_cluster.py has one"),
    StandIn(r"--executor ray", "--executor serial", "no cluster here, as above"),
    StandIn(
        r"LABEL_STUDIO\w+=.*label-studio start",
        None,
        "Label Studio is not installed; label-studio-sdk reads the tasks in tests/export/",
    ),
    StandIn(
        r"^yolo pose train data=(\S+).*",
        r"test -f \1",
        "Ultralytics is not installed; tests/export/ reads the data set as it does",
    ),
    StandIn(
        r"^(gnomon import runs/first corrected\.json .*)$",
        r"\1",
        "a person corrects the tasks in Label Studio",
        lambda folder: given.corrected_tasks(folder, "tasks", "corrected.json"),
    ),
    StandIn(
        r"^(gnomon import runs/first project\.json .*)$",
        r"\1",
        "a person corrects the tasks in Label Studio",
        lambda folder: given.corrected_tasks(folder, "tasks", "project.json"),
    ),
    StandIn(
        r"^(gnomon import runs/first) annotations\.xml",
        r"\1 for-cvat/annotations.xml",
        "a person exports the task from CVAT",
    ),
    StandIn(
        r"(?s)^import fiftyone.*",
        None,
        "FiftyOne is not installed; tests/export/test_fiftyone.py reads the folder as it does",
    ),
    StandIn(
        r'\.push_to_hub\("me/birds"\)',
        "",
        "needs the network",
    ),
)


def stood_in(command: str, folder: Path) -> tuple[str | None, list[StandIn]]:
    """Return what is typed in a command's place, or ``None``, and the stand-ins that were used."""
    used = []
    typed = command
    for one in STAND_INS:
        if not re.search(one.pattern, typed):
            continue
        used.append(one)
        if one.before is not None:
            one.before(folder)
        if one.instead is None:
            return None, used
        typed = re.sub(one.pattern, one.instead, typed)
    return typed, used


GIVEN: dict[str, tuple[Callable[[Path], None], ...]] = {
    "README.md": (
        *(given.checkout, given.photos, given.birds, given.classes, given.weights),
        given.downloaded,
    ),
    "CONTRIBUTING.md": (given.checkout,),
    "docs/engine.md": (),
    "docs/evaluation.md": (given.photos, given.birds),
    "docs/images.md": (given.first_run,),
    "docs/interop.md": (given.first_run,),
    "docs/parts.md": (given.photos, given.more),
    "docs/report.md": (given.photos,),
    "docs/salient.md": (given.cars_with_meshes,),
    "docs/scale.md": (given.photos,),
    "docs/serve.md": (given.trained, given.first_run),
    "docs/training.md": (
        *(given.birds, given.cars_with_ends, given.photos, given.weights),
        given.downloaded,
    ),
}
"""What the reader of each document has before the first command."""


def network() -> torch.nn.Module:
    """Return a network of two classes that takes any size."""
    torch.manual_seed(0)
    layers = (torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1))
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(4, 2)).eval()


def evaluated() -> dict[str, Any]:
    import gnomon
    from gnomon.datasets import open_dataset

    with open("bird.jpg", "xb") as file:
        file.write(Path("photos/macaw.jpg").read_bytes())
    detector = gnomon.Detector("embedded/squeezenet1_1", preset="fast", size=(64, 64))
    return {"detector": detector, "samples": list(open_dataset("cub:CUB_200_2011"))[:2]}


def with_run() -> dict[str, Any]:
    import gnomon

    return {"run": gnomon.read_run("runs/first")}


def with_parts() -> dict[str, Any]:
    import gnomon
    from gnomon.images import decode

    run = gnomon.read_run("runs/birds")
    detector = gnomon.Detector()
    found = detector("photos/macaw.jpg")
    return {
        "run": run,
        "classifier": detector.classifier,
        "folder": Path("model"),
        "picture": decode("photos/macaw.jpg"),
        "keypoints": found.keypoints,
        "label": found.label,
    }


NAMES: dict[str, Callable[[], dict[str, Any]]] = {
    "README.md": lambda: {"network": network()},
    "docs/engine.md": lambda: {"network": network()},
    "docs/evaluation.md": evaluated,
    "docs/images.md": with_run,
    "docs/parts.md": with_parts,
}
"""Names that the Python of a document takes for granted."""
