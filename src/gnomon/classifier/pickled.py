"""What ``torch.save`` wrote, read without ever running what a pickle asks for."""

import pickle
import re
import warnings
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from gnomon.errors import ClassifierError

BESIDE = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    "datetime.datetime",
    "datetime.timedelta",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.PureWindowsPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",
    "pathlib._local.WindowsPath",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
)
"""What training scripts keep beside the weights, by the name in the pickle."""

ASKED = re.compile(r"GLOBAL ([\w.]+) was not an allowed global")


class _Beside(dict[Any, Any]):
    """Stands for each of ``BESIDE``: nothing of them is imported, called or kept."""

    def __new__(cls, *_: Any, **__: Any) -> "_Beside":
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def __setstate__(self, _: Any) -> None:
        pass


def read_pickled(path: Path) -> Any:
    """Read tensors and plain containers; what else may lie beside them becomes an empty mapping.

    ``ClassifierError`` for a broken file, a TorchScript or exported program, and a pickle that asks
    for anything but tensors and ``BESIDE``.
    """
    _refuse_program(path)
    allowed: list[Any] = [(_Beside, name) for name in BESIDE]
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(allowed):
            # Other protocols are read too; what cannot be read is an error all the same.
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        asked = ASKED.search(str(error))
        what = f"holds a {asked[1]}" if asked else "is no file of tensors alone"
        raise ClassifierError(
            f"{str(path)!r} {what}, and gnomon loads no other pickles than tensors;"
            " save the network's state_dict() with torch.save, or as .safetensors"
        ) from None
    except Exception as error:  # Damage shows itself in as many ways as there are formats.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ClassifierError(f"{str(path)!r} cannot be read as weights: {reason}") from error


def _refuse_program(path: Path) -> None:
    """Refuse a program, recognized by the names in the archive; nothing is opened."""
    try:
        with ZipFile(path) as archive:
            names = [name.partition("/")[2] for name in archive.namelist()]
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return
    if "constants.pkl" in names:
        load = "torch.jit.load(FILE)"
    elif any(name.startswith(("models/", "serialized_exported_program")) for name in names):
        load = "torch.export.load(FILE).module()"
    else:
        return
    raise ClassifierError(
        f"{str(path)!r} is a program, not only weights, and gnomon runs no code out of a file;"
        f" load it yourself in Python, gnomon.Detector({load}), or save its state_dict()"
        " with torch.save"
    )
