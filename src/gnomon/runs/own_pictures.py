"""Pictures that say by which name gnomon wrote them, so that it never removes another's."""

from io import BytesIO

import PIL.Image
from matplotlib.figure import Figure
from PIL.PngImagePlugin import PngInfo

from gnomon.runs.store import LocalStore

KEY = "gnomon"
HEAD = 4096


def named_png(picture: PIL.Image.Image | Figure, name: str) -> bytes:
    """Draw a PNG that holds its own name."""
    buffer = BytesIO()
    if isinstance(picture, PIL.Image.Image):
        info = PngInfo()
        info.add_text(KEY, _written(name))
        picture.save(buffer, "PNG", pnginfo=info)
    else:
        picture.savefig(buffer, format="png", metadata={KEY: _written(name)})
    return buffer.getvalue()


def earlier_pngs(store: LocalStore, folder: str, kept: list[str]) -> list[str]:
    """Find the pictures in a folder of a run that gnomon wrote by these names, but for the kept."""
    found = []
    for name in store.names(folder):
        if name in kept or not name.endswith(".png"):
            continue
        with store.open(f"{folder}/{name}") as file:
            start = file.read(HEAD)
        if f"tEXt{KEY}\0{_written(name)}".encode() in start:
            found.append(f"{folder}/{name}")
    return found


def _written(name: str) -> str:
    """Write a name in letters that every PNG text may have."""
    return name.encode("ascii", "backslashreplace").decode()
