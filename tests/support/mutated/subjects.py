"""Each format that gnomon reads: three sound images with points, and how to change one thing."""

import json
import random
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.io import savemat
from small_sets import black

from gnomon.corrections import read_corrections
from gnomon.datasets import open_dataset
from gnomon.datasets.fg3dcar import VERTICES
from gnomon.datasets.synthetic import write_synthetic
from gnomon.errors import LeftOutWarning
from gnomon.export import open_contents
from gnomon.images import decode
from mutated.tables import changed_mat, changed_rows, changed_table
from mutated.trees import Place, changed_json, changed_xml

IMAGES = ("a.jpg", "b.jpg", "c.jpg")
Points = tuple[tuple[float, ...], ...]


@dataclass(slots=True)
class Seen:
    """The points of each image that was read, by its file's name, and what was told."""

    points: Mapping[str, Points]
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Changed:
    """The image that has something wrong, if it is one alone, and whether its record is gone."""

    image: str | None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A format: ``change`` writes one thing wrong, ``read`` reads all, ``restore`` mends it."""

    read: Callable[[], Seen]
    change: Callable[[random.Random], Changed]
    restore: Callable[[], None]


@contextmanager
def told() -> Iterator[list[str]]:
    """Collect what is said of records that were left out; any other warning is an error."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", LeftOutWarning)
        yield said
        said += [str(one.message) for one in caught]


def _dataset(kind: str, folder: Path) -> Seen:
    with told() as said:
        samples = list(open_dataset(f"{kind}:{folder}"))
    points = {
        sample.image.name: tuple(map(tuple, sample.landmarks.xy.tolist()))
        if sample.landmarks is not None
        else ()
        for sample in samples
    }
    assert len(points) == len(samples), "an image was read twice"
    return Seen(points, said)


def _subject(
    kind: str, folder: Path, change: Callable[[random.Random], tuple[str, bytes, Changed]]
) -> Subject:
    sound = folder.with_name("sound")
    shutil.copytree(folder, sound)

    def write(rng: random.Random) -> Changed:
        name, content, touched = change(rng)
        (folder / name).write_bytes(content)
        return touched

    def restore() -> None:
        shutil.rmtree(folder)
        shutil.copytree(sound, folder)

    return Subject(lambda: _dataset(kind, folder), write, restore)


def _json(kind: str, folder: Path, name: str, image_of: Callable[[Place], str | None]) -> Subject:
    value = json.loads((folder / name).read_bytes())

    def change(rng: random.Random) -> tuple[str, bytes, Changed]:
        content, place, gone = changed_json(value, rng)
        return name, content, Changed(image_of(place), gone and isinstance(place[-1], int))

    return _subject(kind, folder, change)


def _coco(kind: str, home: str) -> Callable[[Path], Subject]:
    def make(folder: Path) -> Subject:
        for image in IMAGES:
            black(folder / home / image)
        annotations = [
            {
                "id": 31 + number,
                "image_id": 11 + number // 2,
                "category_id": 5,
                "iscrowd": 0,
                "segmentation": [[0.5, 0.5, 9.5 + number, 0.5, 9.5, 9.5]],
                "bbox": [0, 0, 12 + number, 9],
                "keypoints": [2 + number, 3, 2, 4, 5, 1],
            }
            for number in range(6)
        ]
        images = [
            {"id": 11 + number, "file_name": name, "width": 40, "height": 30}
            for number, name in enumerate(IMAGES)
        ]
        categories = [{"id": 5, "name": "gull", "keypoints": ["beak", "tail"]}]
        value = {"images": images, "categories": categories, "annotations": annotations}
        (folder / "annotations.json").write_text(json.dumps(value))
        return _json(kind, folder, "annotations.json", _coco_image)

    return make


def _coco_image(place: Place) -> str | None:
    match place:
        case ("images", int(at), *_):
            return IMAGES[at]
        case ("annotations", int(at), *_):
            return IMAGES[at // 2]
    return None


def _stanfordextra(folder: Path) -> Subject:
    for image in IMAGES:
        black(folder / "Images" / "n1-dog" / image)
    entries = [
        {
            "img_path": f"n1-dog/{image}",
            "img_width": 40,
            "img_height": 30,
            "joints": [[7.5 + number, 3.0, 1.0]] * 24,
            "img_bbox": [2, 3, 20, 10],
        }
        for number, image in enumerate(IMAGES)
    ]
    (folder / "StanfordExtra_v12.json").write_text(json.dumps(entries))
    np.save(folder / "train_stanford_StanfordExtra_v12.npy", np.array([0, 2]))
    return _json("stanfordextra", folder, "StanfordExtra_v12.json", _first_step)


def _splits(folder: Path) -> Subject:
    _stanfordextra(folder)
    shutil.rmtree(folder.with_name("sound"))
    name = "train_stanford_StanfordExtra_v12.npy"
    return _subject(
        "stanfordextra", folder, lambda rng: (name, changed_rows([0, 2], rng), Changed(None))
    )


def _first_step(place: Place) -> str | None:
    return IMAGES[place[0]] if place and isinstance(place[0], int) else None


def _corrected(folder: Path) -> Subject:
    images = []
    for number, name in enumerate(IMAGES):
        black(folder / name)
        point = {"x": 3.0 + number, "y": 4.0, "id": 1, "name": "beak", "visible": True}
        images.append(
            {
                "path": name,
                "content_hash": decode(folder / name).content_hash,
                "label": "gull",
                "scale": 9.0,
                "points": [point | {"change": "moved"}, point | {"change": "kept", "y": 9.0}],
                "deleted": 0,
            }
        )
    (folder / "landmarks.json").write_text(json.dumps({"images": images}))
    return _json(
        "corrected",
        folder,
        "landmarks.json",
        lambda place: _first_step(place[1:]),
    )


def _cub(folder: Path) -> Subject:
    keys = {f"{n + 11}": name for n, name in enumerate(IMAGES)}
    for name in IMAGES:
        black(folder / "images" / "001.Gull" / name)
    tables = {
        "images.txt": [f"{key} 001.Gull/{name}" for key, name in keys.items()],
        "classes.txt": ["1 001.Gull"],
        "image_class_labels.txt": [f"{key} 1" for key in keys],
        "train_test_split.txt": [f"{key} 1" for key in keys],
        "bounding_boxes.txt": [f"{key} 2.0 3.0 20.0 10.0" for key in keys],
        "parts/parts.txt": ["7 left eye", "8 beak"],
        "parts/part_locs.txt": [f"{key} {part} 1{part}.0 4.5 1" for key in keys for part in (7, 8)],
    }
    (folder / "parts").mkdir()
    for name, lines in tables.items():
        (folder / name).write_text("\n".join([*lines, ""]))

    def change(rng: random.Random) -> tuple[str, bytes, Changed]:
        name = rng.choice(list(tables))
        text, at = changed_table("\n".join(tables[name]), " ", rng)
        return name, text.encode(), Changed(keys.get(tables[name][at].split()[0]))

    return _subject("cub", folder, change)


def _rows(kind: str, name: str) -> Callable[[Path], Subject]:
    def make(folder: Path) -> Subject:
        text = (folder / name).read_text()

        def change(rng: random.Random) -> tuple[str, bytes, Changed]:
            wrong, at = changed_table(text, ",", rng)
            image = text.splitlines()[at].split(",")[0]
            return name, wrong.encode(), Changed(image if at else None)

        return _subject(kind, folder, change)

    return make


def _fg3dcar(folder: Path) -> Subject:
    rows = ["image,vertex,x,y"]
    for number in range(3):
        name = f"Ford_F_2009_0{number}.png"
        black(folder / "images" / name)
        rows += [f"{name},52,1.5,{2 + number}", f"{name},77,11.5,12"]
    (folder / "landmarks.csv").write_text("\n".join([*rows, ""]))
    models = {"cadmodels": np.zeros((3, VERTICES)), "edge": np.array([[1, 256]])}
    savemat(folder / "cadmodels.mat", models)
    return _rows("fg3dcar", "landmarks.csv")(folder)


def _synthetic(folder: Path) -> Subject:
    write_synthetic(folder, 3, size=32)
    return _rows("synthetic", "truth.csv")(folder)


def _pf_willow(folder: Path) -> Subject:
    places = np.arange(1.0, 21.0).reshape(2, 10)
    for name in "abc":
        black(folder / "car(G)" / f"{name}.png")
        savemat(folder / "car(G)" / f"{name}.mat", {"pts_coord": places})
    return _subject(
        "pf_willow",
        folder,
        lambda rng: ("car(G)/b.mat", changed_mat("pts_coord", places, rng), Changed("b.png")),
    )


DATASETS: dict[str, Callable[[Path], Subject]] = {
    "cub": _cub,
    "car_parts": _coco("car_parts", "JPEGImages"),
    "fg3dcar": _fg3dcar,
    "coco": _coco("coco", "images"),
    "pf_willow": _pf_willow,
    "stanfordextra": _stanfordextra,
    "stanfordextra-split": _splits,
    "synthetic": _synthetic,
    "corrected": _corrected,
}
"""What makes each format in a new, empty folder."""


def imported(tool: str, run: Path, file: Path) -> Subject:
    """Make a format that `gnomon import` reads, of a run and the file that a tool gave back."""
    content = file.read_bytes()
    contents = open_contents(run)
    names = [contents.name(record.image) for record in contents]

    def read() -> Seen:
        found = read_corrections(open_contents(run), tool, file)
        points = {
            contents.name(one.image): tuple((point.x, point.y) for point in one.points)
            for one in found.images
        }
        return Seen(points, list(found.unknown))

    def change(rng: random.Random) -> Changed:
        if tool == "cvat":
            wrong, image, gone = changed_xml(content, rng)
        else:
            wrong, place, gone = changed_json(json.loads(content), rng)
            image = _exported(place, names)
            gone = gone and isinstance(place[-1], int)
        file.write_bytes(wrong)
        return Changed(image, gone)

    return Subject(read, change, lambda: None)


def _exported(place: Place, names: list[str]) -> str | None:
    """Name the image that a place of an export is in: tasks, or COCO's entries, in its order."""
    step = next((one for one in place if isinstance(one, int)), None)
    return None if step is None or place[0] == "categories" else names[step]
