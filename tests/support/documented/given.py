"""What the reader of a document has: photographs, data sets, weights, and what a person made."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import timm
import torch
from painted import COLORS, paint
from scipy.io import savemat
from torchvision.models import get_model

from gnomon.datasets.fg3dcar import VERTICES

ROOT = Path(__file__).resolve().parents[3]
CHECKOUT = ("Makefile", "pyproject.toml", "constraints.txt", "README.md", "LICENSE")
SIDE = 200


def photographs(folder: Path, *names: str) -> None:
    """Write sample photographs, at most `SIDE` pixels long."""
    folder.mkdir(parents=True)
    for name in names:
        with PIL.Image.open(ROOT / "samples" / f"{name}.jpg") as picture:
            picture.thumbnail((SIDE, SIDE))
            picture.save(folder / f"{name}.jpg")


def photos(folder: Path) -> None:
    photographs(folder / "photos", "macaw", "cat")


def more(folder: Path) -> None:
    photographs(folder / "more", "bison")


def classes(folder: Path) -> None:
    for color in COLORS[:2]:
        for number in range(5):
            paint(folder / "photos-by-class" / color / f"{number}.png", color, number)


def checkout(folder: Path) -> None:
    """Copy what `make` needs, with an environment that is set up and two of the photographs."""
    for name in CHECKOUT:
        shutil.copy(ROOT / name, folder)
    (folder / "samples").mkdir()
    for name in ("macaw", "cat"):
        shutil.copy(ROOT / "samples" / f"{name}.jpg", folder / "samples")
    for name in ("uv", "core", "dev"):
        (folder / ".venv" / name).parent.mkdir(exist_ok=True)
        (folder / ".venv" / name).touch()


def birds(folder: Path) -> None:
    """Write two species, noise of one color each, with one point, in CUB's own files."""
    folder /= "CUB_200_2011"
    rows: dict[str, list[str]] = {
        name: [] for name in ("images", "image_class_labels", "train_test_split", "bounding_boxes")
    }
    points = []
    for number in range(8):
        key, color = number + 1, COLORS[number % 2]
        paint(folder / "images" / color / f"{number}.png", color, number)
        rows["images"].append(f"{key} {color}/{number}.png")
        rows["image_class_labels"].append(f"{key} {number % 2 + 1}")
        rows["train_test_split"].append(f"{key} {int(number < 6)}")
        rows["bounding_boxes"].append(f"{key} 5 5 30 30")
        points.append(f"{key} 1 20 20 1")
    (folder / "parts").mkdir()
    for name, lines in rows.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    species = "".join(f"{n + 1} {color}\n" for n, color in enumerate(COLORS[:2]))
    (folder / "classes.txt").write_text(species)
    (folder / "parts" / "parts.txt").write_text("1 beak\n")
    (folder / "parts" / "part_locs.txt").write_text("\n".join(points) + "\n")


def cars_with_ends(folder: Path) -> None:
    """Write cars seen from the front and from behind, as Car Parts has them."""
    folder /= "cars"
    images, objects = [], []
    for number in range(10):
        paint(folder / "JPEGImages" / f"{number}.png", COLORS[number % 2], number)
        images.append({"id": number, "file_name": f"{number}.png", "width": 50, "height": 40})
        square = [5, 5, 30, 5, 30, 30, 5, 30]
        objects.append(
            {"id": number, "image_id": number, "category_id": number % 2, "segmentation": [square]}
            | {"bbox": [5, 5, 25, 25], "area": 625, "iscrowd": 0}
        )
    kinds = [{"id": 0, "name": "hood"}, {"id": 1, "name": "trunk"}]
    content = {"images": images, "annotations": objects, "categories": kinds}
    (folder / "annotations.json").write_text(json.dumps(content))


def cars_with_meshes(folder: Path) -> None:
    """Write a car with landmarks all over it and a mesh, as FG3DCar has them."""
    folder /= "cars"
    name = "Ford_F_2009_03.png"
    paint(folder / "images" / name, "red", 1)
    random = np.random.default_rng(0)
    places = random.uniform(0, 40, (VERTICES, 2))
    rows = [f"{name},{n},{x},{y}" for n, (x, y) in enumerate(places, 1)]
    (folder / "landmarks.csv").write_text("\n".join(["image,vertex,x,y", *rows, ""]))
    models = {"cadmodels": random.normal(size=(3, VERTICES)), "edge": np.array([[1, 256]])}
    savemat(folder / "cadmodels.mat", models)


def weights(folder: Path) -> None:
    """Write the weights of networks that know two or three classes, and their names."""
    torch.manual_seed(0)
    (folder / "names.txt").write_text("sparrow\nfinch\nwren\n")
    mine = get_model("resnet18", weights=None, num_classes=3)
    torch.save({"model": torch.nn.DataParallel(mine).state_dict()}, folder / "mine.pth")
    yes = timm.create_model("mobilenetv3_small_050", num_classes=2)
    torch.save(yes.state_dict(), folder / "yes.pth")


def downloaded(folder: Path) -> None:
    """Write the weights of small networks of 1000 classes that stand for what is downloaded."""
    torch.manual_seed(0)
    network = timm.create_model("resnet10t", num_classes=1000)
    torch.save(network.state_dict(), folder / "downloaded.pth")


def trained(folder: Path) -> None:
    """Write a classifier as `gnomon train` leaves it, called ``mine``."""
    from gnomon.cli.train import train
    from gnomon.training.settings import TrainingSettings

    classes(folder)
    settings = TrainingSettings(test_share=0.2, epochs=1, head_epochs=0)
    data, out = str(folder / "photos-by-class"), folder / "mine"
    arch = "embedded/squeezenet1_1"
    train(data, arch=arch, out=out, settings=settings, size=(64, 64), device="cpu", quiet=True)


def first_run(folder: Path) -> None:
    """Detect in the photographs, by README's first command, quickly."""
    from gnomon.cli.detect import detect

    photos(folder)
    detect(
        ("photos/",),
        out="runs/first",
        preset="fast",
        model="embedded/squeezenet1_1",
        size=(96, 96),
        figures=False,
        quiet=True,
    )


def corrected_tasks(folder: Path, export: str, name: str) -> None:
    """Submit the predictions of an export to Label Studio, with one point moved."""
    tasks: list[dict[str, Any]] = json.loads((folder / export / "tasks.json").read_text())
    for task in tasks:
        task["annotations"] = task.pop("predictions")
    tasks[0]["annotations"][0]["result"][0]["value"]["x"] += 3
    (folder / name).write_text(json.dumps(tasks))
