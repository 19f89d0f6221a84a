import contextlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gnomon.cli.detect import detect

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
SHOTS = ROOT / "test-output" / "screenshots"
EVERY_CARD = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(".card { content-visibility: visible !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
"""The browser leaves out what is far below, also from a screenshot of the whole page."""
SERIOUS = {"serious", "critical"}


def pytest_configure(config: pytest.Config) -> None:
    """Measure the machine before several processes keep it busy."""
    if config.getoption("numprocesses", None):
        import torch

        from gnomon.occlusion.incremental.machine import machine_of

        machine_of(torch.device("cpu"))


@pytest.fixture
def shared() -> Path:
    """Give the folder of the real data sets; skip where there is none."""
    if not SHARED.is_dir():
        pytest.skip("the real data sets are not at ../shared/data")
    return SHARED


@pytest.fixture(scope="session")
def photographed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Detect in three photographs, small so that it is quick, and keep their maps."""
    folder = tmp_path_factory.mktemp("photographed")
    for name in ("macaw", "bison", "crab"):
        shutil.copy(ROOT / "samples" / f"{name}.jpg", folder)
    detect(
        (str(folder),),
        out=str(folder / "run"),
        model="embedded/squeezenet1_1",
        size=(112, 112),
        device="cpu",
        save_heatmaps=True,
        figures=False,
        quiet=True,
    )
    return folder / "run"


@pytest.fixture
def a_run(photographed: Path, tmp_path: Path) -> Path:
    """Give a copy of the run of three photographs, to change."""
    return Path(shutil.copytree(photographed, tmp_path / "run"))


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Keep one server for the whole session: what moto stores outlives its server anyway."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a store that speaks S3, on this machine, which the environment names."""
    for name, value in (
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    import s3fs

    return s3fs.S3FileSystem()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start the browser; skip where there is none."""
    found = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if not found:
        pytest.skip("there is no chromium to open the page in")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Open addresses as a user does; at the end keep a screenshot and find the console clean."""
    problems: list[str] = []
    contexts: list[Any] = []

    def opened(address: str, *, width: int = 1400, dark: bool = False, **more: Any) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 1000},
            color_scheme="dark" if dark else "light",
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.goto(address)
        return page

    yield opened
    SHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "_", f"{request.node.path.stem}_{request.node.name}")
    for number, context in enumerate(contexts):
        for page in context.pages:
            with contextlib.suppress(Exception):  # a page whose server was killed on purpose
                page.evaluate(EVERY_CARD)
                page.screenshot(path=SHOTS / f"{name}_{number}.png", full_page=True)
        context.close()
    expected = getattr(request.node, "expected_problems", ())
    assert [one for one in problems if not any(known in one for known in expected)] == []


@pytest.fixture
def faults() -> Callable[[Any], list[str]]:
    """Give what axe-core finds serious or critical on a page."""
    from axe_playwright_python.sync_playwright import Axe

    def found(page: Any) -> list[str]:
        violations = Axe().run(page).response["violations"]
        return [
            f"{one['id']}: {node['html'][:160]}"
            for one in violations
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]

    return found
