"""What was accepted, as a file for another tool."""

import shutil
from asyncio import to_thread
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from nicegui import ui

from gnomon.errors import GnomonError
from gnomon.export import EXPORTERS, export_run
from gnomon.runs import Review
from gnomon.web.album import Album
from gnomon.web.controls import Choice, button


def exported(album: Album, kind: str) -> tuple[str, bytes]:
    """Export the accepted, moved and added points: a file's name and content; a folder as zip."""
    name = f"{album.run.folder.resolve().name}-{kind}"
    said = Review(tuple(album.review.events))
    with TemporaryDirectory() as place:
        wanted = Path(place) / name
        done = export_run(
            album.run.folder, kind, wanted, review=said, photographs=album.photographs
        )
        out = done.path
        if out.is_dir():
            out = Path(shutil.make_archive(str(out), "zip", out))
        return out.name, out.read_bytes()


def draw_export(album: Album, say: Callable[[str], None]) -> None:
    """Draw the choice of a format and the button."""
    kinds = [(kind, kind) for kind in EXPORTERS]
    chosen = Choice("export what was accepted as", kinds, kinds[0][0], lambda _: None)

    async def write() -> None:
        say("exporting …")
        try:
            name, content = await to_thread(exported, album, chosen.value)
        except GnomonError as error:
            say(str(error))
            return
        ui.download.content(content, name)
        say(f"exported: {name}")

    button("Export", write)
