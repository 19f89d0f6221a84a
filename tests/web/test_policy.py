"""What the page's policy forbids a browser, tried in a real one."""

import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import hostile_page
import pytest
from markup import NAMES, watched
from served_page import run_python, stop

from gnomon.runs import read_run
from gnomon.web.policy import FIXED, policy

OpenPage = Callable[..., Any]


def headers(url: str, path: str, **asked: str) -> dict[str, str]:
    request = Request(url + path, headers={name.replace("_", "-"): v for name, v in asked.items()})
    try:
        with urlopen(request) as answer:
            return dict(answer.headers)
    except HTTPError as refused:
        return dict(refused.headers)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/", {}),
        ("/run", {}),
        ("/style.css", {}),
        ("/example/0", {}),
        ("/nothing", {}),
        ("/example/x", {}),
        ("/_nicegui_ws/socket.io/?EIO=4&transport=polling", {}),
        ("/", {"Host": "["}),
        ("/", {"Host": "evil.example"}),
        ("/example/0", {"Origin": "https://evil.example"}),
    ],
)
def test_every_answer_has_the_policy(explored: str, path: str, asked: dict[str, str]) -> None:
    given = headers(explored, path, **asked)
    rules = dict(rule.split(" ", 1) for rule in given["content-security-policy"].split("; "))
    nonce = rules["script-src"].partition("'nonce-")[2][:-1]
    assert given["content-security-policy"] == policy(nonce)
    assert len(nonce) == 24
    assert "unsafe" not in given["content-security-policy"]
    assert (rules["default-src"], rules["frame-ancestors"]) == ("'none'", "'none'")
    assert {name: given[name.lower()] for name in FIXED} == FIXED
    assert not [name for name in given if name.lower().startswith("access-control")]


def test_a_nonce_is_used_once(explored: str) -> None:
    first, second = (headers(explored, "/")["content-security-policy"] for _ in range(2))
    assert first != second


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], str]]:
    """Serve a page of somebody else, on another port of this machine."""
    page = b""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def serve(html: str) -> str:
        nonlocal page
        page = html.encode()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_on_another_port_cannot_frame_it(
    photographed: Path,
    explored: str,
    open_page: OpenPage,
    elsewhere: Callable[[str], str],
    request: pytest.FixtureRequest,
    host: str,
) -> None:
    request.node.expected_problems = ("frame", "403")
    url = explored.replace("127.0.0.1", host)
    frame = f'<iframe src="{url}/run" width="1200" height="900" style="border: 0"></iframe>'
    page = open_page(elsewhere(f'<body style="margin: 0">{frame}'))
    page.wait_for_timeout(1500)
    assert [one.url for one in page.frames[1:]] == ["chrome-error://chromewebdata/"]
    for x, y in ((600, 300), (300, 500), (1100, 250)):
        page.mouse.click(x, y)
    page.keyboard.press("a")
    page.wait_for_timeout(500)
    assert not (photographed / "review.jsonl").exists()


def test_another_page_reads_nothing(
    explored: str,
    open_page: OpenPage,
    elsewhere: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> None:
    request.node.expected_problems = ("CORS", "403", "ERR_FAILED", "WebSocket", "NotSameOrigin")
    page = open_page(elsewhere("<p>elsewhere"))
    asked = """async ([url, path]) => {
        for (const mode of ["cors", "no-cors"])
            try {
                const answer = await fetch(url + path, { mode, credentials: "include" });
                if ((await answer.text()).length) return "read";
            } catch { continue; }
        return "nothing";
    }"""
    polling = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    for path in ("/", "/run", "/example/0", "/style.css", polling):
        assert page.evaluate(asked, [explored, path]) == "nothing"
    shown = """url => new Promise(done => {
        const image = new Image();
        image.onload = () => done("shown");
        image.onerror = () => done("nothing");
        image.src = url + "/example/0";
    })"""
    assert page.evaluate(shown, explored) == "nothing"
    heard = """url => new Promise(done => {
        const socket = new WebSocket(url.replace("http", "ws")
            + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket&implicit_handshake=true"
            + "&client_id=c&tab_id=t&document_id=d&next_message_id=0");
        socket.onopen = () => done("open");
        socket.onerror = () => done("nothing");
    })"""
    assert page.evaluate(heard, explored) == "nothing"


@pytest.mark.parametrize("path", ["/", "/run"])
def test_what_is_put_into_the_page_does_not_run(
    explored: str, open_page: OpenPage, request: pytest.FixtureRequest, path: str
) -> None:
    """Had a name become markup after all."""
    request.node.expected_problems = ("Content Security Policy", "status of 404")
    page = watched(open_page(explored + path))
    page.locator("main main").wait_for()
    assert page.evaluate("() => window.violations") == []
    page.evaluate(
        """() => {
            document.body.insertAdjacentHTML("beforeend", `<img src=x onerror="window.ran=1">
                <a href="javascript:window.ran=1">x</a> <iframe src="/run"></iframe>
                <form action="/image"><button>y</button></form> <p style="color: red">z</p>`);
            const script = document.createElement("script");
            script.textContent = "window.ran=1";
            document.body.append(script);
            document.body.lastElementChild.previousElementSibling.click();
            document.querySelector("a[href^=javascript]").click();
            document.querySelector("form[action] button").click();
            setTimeout("window.ran=1");
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.ran") is None
    found = {one.split()[0] for one in page.evaluate("() => window.violations")}
    assert {"script-src-elem", "script-src-attr", "script-src", "style-src-attr"} <= found
    assert {"form-action", "frame-src"} <= found


@pytest.fixture(scope="module")
def hostile(photographed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a run in whose every name there is markup."""
    folder = tmp_path_factory.mktemp("hostile") / "<img src=x onerror=window.ran=1>"
    shutil.copytree(photographed, folder)
    support = Path(hostile_page.__file__)
    served = run_python(str(support), str(folder), PYTHONPATH=f"{support.parent}")
    yield served.url
    stop(served)


def test_names_of_markup_are_text_to_judge(
    hostile: str, open_page: OpenPage, photographed: Path, request: pytest.FixtureRequest
) -> None:
    request.node.expected_problems = ("status of 404",)  # no file has such a name
    page = watched(open_page(f"{hostile}/run"))
    page.locator(".point").first.wait_for()
    page.locator(".headline", has_text="Keypoint 1,").wait_for()
    assert page.locator(".list b").all_inner_texts() == list(NAMES[:3])
    assert NAMES[0] in page.locator("h1").inner_text()
    assert "Run <img src=x onerror=window.ran=1>" in page.locator("header.top").inner_text()
    assert page.title() == "gnomon: run <img src=x onerror=window.ran=1>"
    points = read_run(photographed).images["n_keypoints"].to_pylist()
    assert points[0] + points[1] >= len(NAMES)
    for row in range(points[0] + points[1]):
        if row == points[0]:
            page.keyboard.press("]")
            page.locator("h1", has_text=NAMES[1]).wait_for()
        page.locator(".facts dd", has_text=NAMES[row % len(NAMES)]).first.wait_for()
        page.keyboard.press("ArrowRight")
    page.get_by_label("search").fill(NAMES[1])
    page.keyboard.press("Escape")
    for name in NAMES[:5]:
        page.keyboard.press("n")
        page.keyboard.type(name[:80])
        page.keyboard.press("Enter")
        page.locator(".facts dd", has_text=name[:80]).first.wait_for()
    page.locator(".stage svg").hover()
    page.keyboard.press("]")
    page.get_by_label("class").select_option(NAMES[2])
    page.locator(".list button:only-child").click()
    page.locator("h1", has_text=NAMES[2]).wait_for()
    assert page.evaluate("() => [window.ran, window.violations]") == [None, []]


def test_names_of_markup_are_text_to_explore(
    hostile: str, open_page: OpenPage, request: pytest.FixtureRequest
) -> None:
    request.node.expected_problems = ("status of 422",)
    page = watched(open_page(hostile))
    sent = """name => {
        const sent = new DataTransfer();
        sent.items.add(new File(["x"], name, {type: "image/png"}));
        const input = document.querySelector(".drop input");
        input.files = sent.files;
        input.dispatchEvent(new Event("change"));
    }"""
    page.get_by_role("button", name="macaw").click()
    page.locator(".point").first.wait_for(timeout=90_000)
    assert any(name in page.locator(".headline").inner_text() for name in NAMES)
    page.locator(".side .stage svg").first.click()
    page.locator(".covered td", has_text=NAMES[0]).first.wait_for()
    assert page.locator(".side select").first.input_value() == NAMES[0]
    assert page.evaluate("() => [window.ran, window.violations]") == [None, []]
    page.evaluate(sent, "</script><img src=x onerror=window.ran=1>")
    page.locator(".said", has_text="is no file's name").wait_for()
    assert page.evaluate("() => [window.ran, window.violations]") == [None, []]
