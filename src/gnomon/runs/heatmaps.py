"""heatmaps/: the maps of each image, where `detect --save-heatmaps` kept them."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from numpy.typing import NDArray

from gnomon.detection import Detection
from gnomon.runs.store import Store

KINDS = ("coarse", "fine", "confidence")
ENCRYPTED = 0x1


def write_heatmaps(store: Store, image_id: str, found: Detection) -> None:
    """Keep an image's maps, as many as were computed."""
    maps = {kind: getattr(found, kind) for kind in KINDS}
    buffer = BytesIO()
    np.savez_compressed(buffer, **{kind: one.values for kind, one in maps.items() if one})
    store.write(_name(image_id), buffer.getvalue())


def read_heatmaps(
    store: Store, image_id: str, size: tuple[int, int]
) -> dict[str, NDArray[np.float32]] | None:
    """Read an image's maps (H,W) in model pixels, by kind; ``None`` where none can be read.

    ``size`` is the (height, width) that they have; others, and maps that are not finite, are none.
    The coarse map may be missing, the others may not.
    """
    try:
        content = store.read(_name(image_id))
        with ZipFile(BytesIO(content)) as archive:
            kept = [
                kind for kind in KINDS if kind != "coarse" or "coarse.npy" in archive.namelist()
            ]
            maps = {kind: _map(archive, f"{kind}.npy", size) for kind in kept}
    except Exception:  # On damaged input, the readers of archives raise any kind.
        return None
    return maps


def _map(archive: ZipFile, name: str, size: tuple[int, int]) -> NDArray[np.float32]:
    """Read one map of an archive, of which no more is unpacked than such a map takes."""
    entry = archive.getinfo(name)
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or entry.flag_bits & ENCRYPTED:
        raise ValueError(f"{name} is packed in another way than gnomon's")
    with archive.open(name) as file:
        start = file.read(len(_header(size, by_columns=False)))
        by_columns = start == _header(size, by_columns=True)
        if not by_columns and start != _header(size, by_columns=False):
            raise ValueError(f"{name} is not a float32 map of {size[0]}x{size[1]}")
        content = np.frombuffer(file.read(4 * size[0] * size[1]), dtype="<f4")
    values = content.reshape(size, order="F" if by_columns else "C")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return values


def _header(size: tuple[int, int], *, by_columns: bool) -> bytes:
    """Return the bytes with which the file of a map begins."""
    header = BytesIO()
    form = {"descr": "<f4", "fortran_order": by_columns, "shape": size}
    np.lib.format.write_array_header_1_0(header, form)
    return header.getvalue()


def _name(image_id: str) -> str:
    return f"heatmaps/{image_id}.npz"
