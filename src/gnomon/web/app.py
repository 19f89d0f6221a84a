"""The page's addresses, and the server that answers them."""

from asyncio import Semaphore, timeout
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response
from nicegui import app, ui
from starlette.requests import ClientDisconnect

from gnomon.errors import GnomonError
from gnomon.images import Picture, decode
from gnomon.report.pictures import photograph
from gnomon.web.album import SIDE, THUMBNAIL, Album
from gnomon.web.bench import Bench, examples
from gnomon.web.decoding import in_turn
from gnomon.web.explore_page import ExplorePage
from gnomon.web.guard import Guard
from gnomon.web.header import header
from gnomon.web.judge_page import JudgePage
from gnomon.web.pantry import Pantry
from gnomon.web.policy import sign_templates
from gnomon.web.uploads import (
    ADDRESS,
    ARRIVING,
    MAX_BYTES,
    MAX_REQUEST,
    SECONDS,
    TOO_LARGE,
    picture_from,
)
from gnomon.web.wire import MAX_MESSAGE, listen_softly

HERE = Path(__file__).parent
STYLE = "/style.css"
CLOSE = {"Connection": "close"}
"""What is left of a body is not read."""
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    '<path d="M2 14h12M8 14V2" stroke="#9a3412" stroke-width="2.4" stroke-linecap="round"/></svg>'
)


def build(bench: Bench, album: Album | None = None) -> None:
    """Make the addresses of the page to explore, and with an ``album`` of the page to judge."""
    run_name = None if album is None else album.run.folder.resolve().name
    if album is not None:
        _build_judge(album, run_name)
    pantry = Pantry()
    shown = examples()

    reading = Semaphore(ARRIVING)

    @app.post(ADDRESS)
    async def image(request: Request, name: str = "") -> Response:
        try:
            async with reading, timeout(SECONDS):
                content = await _content(request)
                if content is None:
                    return PlainTextResponse(f"{name[:80]}: {TOO_LARGE}", 413, CLOSE)
                return PlainTextResponse(pantry.put(await in_turn(picture_from, name, content)))
        except GnomonError as error:
            return PlainTextResponse(str(error), 422)
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse(f"{name[:80]}: it did not arrive; send it again", 408, CLOSE)

    @app.get(STYLE)
    def style() -> Response:
        return FileResponse(HERE / "style.css", headers={"Cache-Control": "no-cache"})

    @app.get("/picture/{token}")
    async def picture(token: str) -> Response:
        return _webp(await in_turn(pantry.file, token))

    @app.get("/example/{number}")
    async def example(number: int) -> Response:
        if not 0 <= number < len(shown):
            return _webp(None)
        return _webp(await in_turn(thumbnail, shown[number]))

    @ui.page("/")
    def explore(image: str | None = None) -> None:
        dress("explore")
        header(run_name, "/")
        with ui.element("main"):
            ExplorePage(bench, pantry, _picture_of(album, image))


def _picture_of(album: Album | None, image_id: str | None) -> Callable[[], Picture] | None:
    """Return what decodes an image of the run, if it is one."""
    if album is None or image_id not in album.rows:
        return None
    return partial(album.picture, image_id)


def _build_judge(album: Album, run_name: str | None) -> None:
    @app.get("/run/picture/{image_id}")
    async def picture(image_id: str) -> Response:
        return _webp(await in_turn(album.file, image_id, SIDE))

    @app.get("/run/thumbnail/{image_id}")
    async def small(image_id: str) -> Response:
        return _webp(await in_turn(album.file, image_id, THUMBNAIL))

    @ui.page("/run")
    def judge(image: str | None = None) -> None:
        dress(f"run {run_name}")
        header(run_name, "/run")
        album.review.refresh()
        with ui.element("main"):
            JudgePage(album, image)


def dress(title: str) -> None:
    """Set a page's style and name."""
    ui.page_title(f"gnomon: {title}")
    ui.add_head_html(f'<link rel="stylesheet" href="{STYLE}">')


def thumbnail(path: Path) -> bytes:
    """Make a small picture of an image file."""
    return photograph(decode(path).rgb, THUMBNAIL)


def listen(host: str, port: int, password: str | None, ready: Callable[[], None]) -> None:
    """Answer until the program is ended."""
    # Quasar's bar over every request has no name for a screen reader; the page shows its own.
    app.config.quasar_config["loadingBar"]["skipHijack"] = True
    app.on_startup(ready)
    app.add_exception_handler(404, lambda *_: PlainTextResponse("there is nothing here", 404))
    sign_templates()
    listen_softly()
    site = FastAPI(openapi_url=None)
    ui.run_with(
        site,
        title="gnomon",
        favicon=FAVICON,
        language="en-US",
        dark=None,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
    uvicorn.run(
        Guard(site, password),
        host=host,
        port=port,
        http="h11",  # which bounds the headers
        ws="wsproto",
        ws_max_size=MAX_MESSAGE,
        log_level="warning",
        server_header=False,
    )


async def _content(request: Request) -> bytes | None:
    """Read what is sent; ``None`` where it is more than an image may have."""
    content, arrived = bytearray(), 0
    async for chunk in request.stream():
        arrived += len(chunk)
        if arrived > MAX_REQUEST:
            return None
        if arrived <= MAX_BYTES:
            content += chunk
    return bytes(content) if arrived <= MAX_BYTES else None


def _webp(content: bytes | None) -> Response:
    if content is None:
        return PlainTextResponse("there is no such picture", 404)
    return Response(
        content, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"}
    )
