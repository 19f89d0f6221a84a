"""heatmaps/: the three maps of each image, where `detect --save-heatmaps` kept them."""

from io import BytesIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from gnomon.runs.store import Store
from gnomon.types import Detection

KINDS = ("coarse", "fine", "confidence")


def write_heatmaps(store: Store, image_id: str, found: Detection) -> None:
    """Keep an image's maps."""
    maps = BytesIO()
    np.savez_compressed(maps, **{kind: getattr(found, kind).values for kind in KINDS})
    store.write(_name(image_id), maps.getvalue())


def read_heatmaps(store: Store, image_id: str) -> dict[str, NDArray[np.float32]] | None:
    """Read an image's maps (H,W) in model pixels, by kind; ``None`` where none can be read."""
    try:
        with np.load(BytesIO(store.read(_name(image_id)))) as file:
            return {kind: file[kind] for kind in KINDS}
    except (OSError, KeyError, ValueError, BadZipFile):
        return None


def _name(image_id: str) -> str:
    return f"heatmaps/{image_id}.npz"
