"""One sound data set of each kind, as small as it may be: an image or two of black pixels."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
from scipy.io import savemat

from gnomon.datasets.fg3dcar import VERTICES
from gnomon.datasets.synthetic import write_synthetic
from gnomon.images import decode

SIZE = (40, 30)


def black(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", SIZE).save(path)


def coco_json() -> dict[str, object]:
    return {
        "info": {"gnomon_run": "run-0"},
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 40, "height": 30, "gnomon_id": "0"},
        ],
        "categories": [{"id": 3, "name": "gull", "keypoints": ["beak", "tail"]}],
        "annotations": [
            {
                "id": 7,
                "image_id": 1,
                "category_id": 3,
                "iscrowd": 0,
                "segmentation": [[0.0, 0.0, 8.0, 0.0, 8.0, 8.0]],
                "bbox": [0, 0, 12, 9],
                "keypoints": [2, 3, 2, 4, 5, 1],
            }
        ],
    }


def _coco(folder: Path) -> None:
    black(folder / "images" / "a.jpg")
    (folder / "annotations.json").write_text(json.dumps(coco_json()))


def _car_parts(folder: Path) -> None:
    black(folder / "JPEGImages" / "a.jpg")
    (folder / "annotations.json").write_text(json.dumps(coco_json()))


def _cub(folder: Path) -> None:
    black(folder / "images" / "001.Gull" / "a.jpg")
    tables = {
        "images.txt": "1 001.Gull/a.jpg\n",
        "classes.txt": "1 001.Gull\n",
        "image_class_labels.txt": "1 1\n",
        "train_test_split.txt": "1 1\n",
        "bounding_boxes.txt": "1 2.0 3.0 20.0 10.0\n",
        "parts/parts.txt": "7 left eye\n",
        "parts/part_locs.txt": "1 7 12.0 4.5 1\n",
    }
    for name, text in tables.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def _fg3dcar(folder: Path) -> None:
    black(folder / "images" / "Ford_F_2009_03.png")
    (folder / "landmarks.csv").write_text("image,vertex,x,y\nFord_F_2009_03.png,52,1.5,2\n")
    models = {"cadmodels": np.zeros((3, VERTICES)), "edge": np.array([[1, 256]])}
    savemat(folder / "cadmodels.mat", models)


def _pf_willow(folder: Path) -> None:
    black(folder / "car(G)" / "a.png")
    savemat(folder / "car(G)" / "a.mat", {"pts_coord": np.ones((2, 10))})


def _stanfordextra(folder: Path) -> None:
    black(folder / "Images" / "n1-dog" / "a.jpg")
    entry = {
        "img_path": "n1-dog/a.jpg",
        "img_width": 40,
        "img_height": 30,
        "joints": [[7.5, 3.0, 1.0]] * 24,
        "img_bbox": [2, 3, 20, 10],
    }
    (folder / "StanfordExtra_v12.json").write_text(json.dumps([entry]))
    np.save(folder / "train_stanford_StanfordExtra_v12.npy", np.array([0]))


def _synthetic(folder: Path) -> None:
    write_synthetic(folder, 1, size=32)


def _folder(folder: Path) -> None:
    black(folder / "gull" / "a.jpg")


def _corrected(folder: Path) -> None:
    black(folder / "a.png")
    point = {"x": 3.0, "y": 4.0, "id": 1, "name": "beak", "visible": True}
    image = {
        "path": "a.png",
        "content_hash": decode(folder / "a.png").content_hash,
        "label": "gull",
        "scale": 9.0,
        "points": [point | {"change": "moved"}],
        "deleted": 0,
    }
    (folder / "landmarks.json").write_text(json.dumps({"images": [image]}))


WRITERS: dict[str, Callable[[Path], None]] = {
    "folder": _folder,
    "cub": _cub,
    "car_parts": _car_parts,
    "fg3dcar": _fg3dcar,
    "coco": _coco,
    "pf_willow": _pf_willow,
    "stanfordextra": _stanfordextra,
    "synthetic": _synthetic,
    "corrected": _corrected,
}


def write_small(kind: str, folder: Path) -> Path:
    """Write the data set of a kind into a new folder, and return the folder."""
    folder.mkdir()
    WRITERS[kind](folder)
    return folder
