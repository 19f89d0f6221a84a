"""docs/training.md typed in as it stands, on small pictures and with a small network."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from painted import COLOURS, paint
from torchvision.models import get_model

import gnomon
from gnomon.cli import main
from gnomon.web.bench import Bench

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
STAND_INS = {
    "embedded/efficientnet-lite0": "embedded/squeezenet1_1",
    "torchvision/vgg19": "torchvision/squeezenet1_1",
    "torchvision/resnet18": "torchvision/squeezenet1_1",
    "timm/mobilenetv3_small_050": "torchvision/squeezenet1_1",
}
QUICKLY = {
    "train": "--size 64 64 --epochs 1 --head-epochs 0 --batch-size 8 --device cpu --quiet",
    "detect": "--size 64 64 --device cpu --no-figures --quiet",
    "parts": "--parts 2 --device cpu --quiet",
    "evaluate": "--sanity-images 0 --device cpu --quiet",
    "report": "--quiet",
    "serve": "--device cpu --no-show",
}


def commands() -> list[list[str]]:
    """Read the commands off the page, in its order."""
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text(), flags=re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("gnomon ")]


def write_birds(folder: Path) -> None:
    """Write three species of two colours of noise each, with one point, in CUB's own files."""
    rows: dict[str, list[str]] = {
        name: [] for name in ("images", "image_class_labels", "train_test_split", "bounding_boxes")
    }
    points = []
    for number in range(18):
        key, colour = number + 1, COLOURS[number % 3]
        paint(folder / "images" / colour / f"{number}.png", colour, number)
        rows["images"].append(f"{key} {colour}/{number}.png")
        rows["image_class_labels"].append(f"{key} {number % 3 + 1}")
        rows["train_test_split"].append(f"{key} {int(number < 12)}")
        rows["bounding_boxes"].append(f"{key} 5 5 30 30")
        points.append(f"{key} 1 20 20 1")
    (folder / "parts").mkdir()
    for name, lines in rows.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    classes = "".join(f"{n + 1} {colour}\n" for n, colour in enumerate(COLOURS))
    (folder / "classes.txt").write_text(classes)
    (folder / "parts" / "parts.txt").write_text("1 beak\n")
    (folder / "parts" / "part_locs.txt").write_text("\n".join(points) + "\n")


def write_cars(folder: Path) -> None:
    """Write cars seen from the front and from behind, in COCO's JSON."""
    import json

    images, objects = [], []
    for number in range(10):
        paint(folder / "JPEGImages" / f"{number}.png", COLOURS[number % 2], number)
        images.append({"id": number, "file_name": f"{number}.png", "width": 50, "height": 40})
        square = [5, 5, 30, 5, 30, 30, 5, 30]
        objects.append(
            {"id": number, "image_id": number, "category_id": number % 2, "segmentation": [square]}
            | {"bbox": [5, 5, 25, 25], "area": 625, "iscrowd": 0}
        )
    kinds = [{"id": 0, "name": "hood"}, {"id": 1, "name": "trunk"}]
    content = {"images": images, "annotations": objects, "categories": kinds}
    (folder / "annotations.json").write_text(json.dumps(content))


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], int]:
    """Run a command of the page where its files lie, and give its exit status."""
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    write_birds(tmp_path / "CUB_200_2011")
    write_cars(tmp_path / "cars")
    paint(tmp_path / "photos" / "a.png", "red", 1)
    Path("names.txt").write_text("sparrow\nfinch\n")
    for name, count in (("vgg19.pth", 1000), ("mine.pth", 2)):
        torch.manual_seed(0)
        network = get_model("squeezenet1_1", weights=None, num_classes=count)
        torch.save({"model": torch.nn.DataParallel(network).state_dict()}, name)

    def run(words: list[str]) -> int:
        small = [STAND_INS.get(word, word) for word in words] + QUICKLY[words[1]].split()
        monkeypatch.setattr(sys, "argv", small)
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


def test_every_command_of_the_page_does_what_it_says(
    typed: Callable[[list[str]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Bench] = []
    monkeypatch.setattr("gnomon.web.serve.build", lambda bench, _: served.append(bench))
    monkeypatch.setattr("gnomon.web.serve.listen", lambda *_: None)
    verbs = []
    for words in commands():
        assert typed(words) == 0, words
        verbs.append(words[1])
    assert verbs == [
        *("train", "train", "detect", "parts", "evaluate", "report", "serve", "detect", "detect")
    ]
    birds = gnomon.read_run("runs/birds")
    assert birds.info.classifier == "birds"
    assert birds.part_names
    assert Path("runs/birds/evaluation").is_dir()
    (bench,) = served
    assert bench.models[0] == "birds"
    assert "model.safetensors" not in bench.models
    detector = bench.detector("birds", birds.info.settings)
    assert detector.classifier.weights_sha256 == birds.info.weights_sha256
    assert set(birds.images["label"].to_pylist()) <= set(COLOURS)

    mine = gnomon.read_run("runs/mine")
    assert mine.info.class_names == ("sparrow", "finch")
    assert mine.info.outputs == "logits"
    assert set(mine.images["label"].to_pylist()) <= {"sparrow", "finch"}
    assert np.isfinite(mine.images["probability"].to_numpy()).all()
    with_weights: dict[str, Any] = {"weights": Path("mine.pth"), "device": "cpu"}
    again = gnomon.runs.rebuild_detector(mine.info, **with_weights)
    assert again.classifier.class_names == ("sparrow", "finch")
