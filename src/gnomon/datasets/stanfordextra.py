"""StanfordExtra: dogs of 120 breeds with up to 24 joints, over Stanford Dogs' photographs.

Biggs, Boyne, Charles, Fitzgibbon, Cipolla: Who left the dogs out?, 2020. Joints are means of
several people's clicks on pixels, counted from 0; they stay as they are.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.datasets.files import (
    contents,
    image_inside,
    read_json,
    read_whole_numbers,
    require,
    require_images,
    unique,
)
from gnomon.datasets.orientation import to_displayed, turn_boxes
from gnomon.datasets.sample import Dataset, Sample, Samples, Split, longer_side
from gnomon.errors import DatasetError
from gnomon.foreign import Number, Side, whole_size
from gnomon.types import Landmarks

JOINTS = (
    *(
        f"{side} {end} leg: {joint}"
        for side in ("left", "right")
        for end in ("front", "rear")
        for joint in ("paw", "middle joint", "top")
    ),
    "tail start",
    "tail end",
    "base of left ear",
    "base of right ear",
    "nose",
    "chin",
    "left ear tip",
    "right ear tip",
    "left eye",
    "right eye",
    "withers",
    "throat",
)
"""``keypoint_definitions.csv``, in its order; ids are its indices, from 0."""


@dataclass(frozen=True, slots=True)
class _Entry:
    img_path: str
    img_width: Side
    img_height: Side
    joints: list[tuple[Number, Number, Number]]
    img_bbox: tuple[Number, Number, Number, Number]


def read_stanfordextra(folder: Path) -> Dataset:
    """Read ``StanfordExtra*.json``, the photographs in ``Images`` and, where there, the split.

    The split are the lists ``{train,val,test}_stanford_StanfordExtra_v12.npy`` of row numbers.
    Labels are the breeds. A joint with a place but without visibility is hidden, one at (0, 0) was
    not annotated and is left out. The scale is the longer side of the dog's box.
    """
    require(folder, "stanfordextra", "Images")
    files = sorted(folder.glob("StanfordExtra*.json"))
    if len(files) != 1:
        raise DatasetError(
            "a stanfordextra data set is a folder with one StanfordExtra_v12.json and the folder "
            f"Images; {folder} holds {contents(folder)}"
        )
    expected = "a list of objects with img_path, img_width, img_height, joints and img_bbox"
    entries = read_json(files[0], list[_Entry], expected)
    paths = [image_inside(folder / "Images", entry.img_path, files[0]) for entry in entries]
    unique((entry.img_path for entry in entries), "image", files[0])
    require_images("stanfordextra", paths)
    splits = _splits(folder, len(paths))
    return Samples(
        len(paths), lambda index: _sample(paths[index], entries[index], splits.get(index))
    )


def _splits(folder: Path, count: int) -> dict[int, Split]:
    """Read which of so many rows are in which split; a row is in one."""
    splits: dict[int, Split] = {}
    for name in ("train", "val", "test"):
        for file in folder.glob(f"{name}_stanford_StanfordExtra*.npy"):
            for row in read_whole_numbers(file):
                if not 0 <= row < count or row in splits:
                    raise DatasetError(
                        f"{file}: rows are 0 to {count - 1}, each in one split; found {row}"
                    )
                splits[row] = "train" if name == "train" else "test"
    return splits


def _sample(path: Path, entry: _Entry, split: Split | None) -> Sample:
    try:
        size = whole_size(entry.img_width, entry.img_height)
    except ValueError as error:
        raise DatasetError(f"the entry of {path.name} is wrong: {error}") from error
    joints = np.array(entry.joints).reshape(-1, 3)
    box = np.array([entry.img_bbox])
    if len(joints) > len(JOINTS):
        raise DatasetError(f"{path.name} has {len(joints)} joints; there are {len(JOINTS)}")
    turn = to_displayed(path, size)
    boxes = turn_boxes(turn, box)
    ids = np.flatnonzero(joints.any(axis=1))
    return Sample(
        path,
        label=path.parent.name.partition("-")[2] or path.parent.name,
        landmarks=Landmarks(
            xy=turn.apply(joints[ids, :2]),
            ids=ids,
            names=tuple(JOINTS[joint] for joint in ids),
            visible=joints[ids, 2] > 0,
            scale=longer_side(boxes),
        ),
        boxes=boxes,
        split=split,
    )
