"""The page's addresses, and the server that answers them."""

from asyncio import to_thread
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from nicegui import app, ui

from gnomon.errors import GnomonError
from gnomon.images import Picture, decode
from gnomon.report.pictures import photograph
from gnomon.web.album import SIDE, THUMBNAIL, Album
from gnomon.web.bench import Bench, examples
from gnomon.web.explore_page import ExplorePage
from gnomon.web.guard import Guard
from gnomon.web.header import header
from gnomon.web.judge_page import JudgePage
from gnomon.web.pantry import Pantry
from gnomon.web.uploads import MAX_BYTES, TOO_LARGE, picture_from

HERE = Path(__file__).parent
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

    @app.post("/image")
    async def image(request: Request, name: str = "") -> Response:
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_BYTES:
                return PlainTextResponse(f"{name[:80]}: {TOO_LARGE}", 413)
        try:
            picture = await to_thread(picture_from, name, bytes(content))
        except GnomonError as error:
            return PlainTextResponse(str(error), 422)
        return PlainTextResponse(pantry.put(picture))

    @app.get("/picture/{token}")
    async def picture(token: str) -> Response:
        return _webp(await to_thread(pantry.file, token))

    @app.get("/example/{number}")
    async def example(number: int) -> Response:
        if not 0 <= number < len(shown):
            return _webp(None)
        return _webp(await to_thread(thumbnail, shown[number]))

    @ui.page("/")
    def explore(image: str | None = None) -> None:
        dress("explore")
        header(run_name, "/")
        with ui.element("main"):
            ExplorePage(bench, pantry, _picture_of(album, image))


def _picture_of(album: Album | None, image_id: str | None) -> Callable[[], Picture] | None:
    """Give what decodes an image of the run, if it is one."""
    if album is None or image_id not in album.rows:
        return None
    return partial(album.picture, image_id)


def _build_judge(album: Album, run_name: str | None) -> None:
    @app.get("/run/picture/{image_id}")
    async def picture(image_id: str) -> Response:
        return _webp(await to_thread(album.file, image_id, SIDE))

    @app.get("/run/thumbnail/{image_id}")
    async def small(image_id: str) -> Response:
        return _webp(await to_thread(album.file, image_id, THUMBNAIL))

    @ui.page("/run")
    def judge(image: str | None = None) -> None:
        dress(f"run {run_name}")
        header(run_name, "/run")
        album.review.refresh()
        with ui.element("main"):
            JudgePage(album, image)


def dress(title: str) -> None:
    """Give a page its style and its name."""
    ui.page_title(f"gnomon: {title}")
    ui.add_css(HERE / "style.css")


def thumbnail(path: Path) -> bytes:
    """Make a small picture of an image file."""
    return photograph(decode(path).rgb, THUMBNAIL)


def listen(host: str, port: int, password: str | None, ready: Callable[[], None]) -> None:
    """Answer until the program is ended."""
    app.add_middleware(Guard, password=password)
    # Quasar's bar over every request has no name for a screen reader; the page shows its own.
    app.config.quasar_config["loadingBar"]["skipHijack"] = True
    app.on_startup(ready)
    ui.run(
        host=host,
        port=port,
        title="gnomon",
        favicon=FAVICON,
        language="en-US",
        dark=None,
        reload=False,
        show=False,
        show_welcome_message=False,
        uvicorn_logging_level="warning",
        reconnect_timeout=10.0,
    )


def _webp(content: bytes | None) -> Response:
    if content is None:
        return PlainTextResponse("there is no such picture", 404)
    return Response(
        content, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"}
    )
