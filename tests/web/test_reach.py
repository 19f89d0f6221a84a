"""Who reaches the page, and what of the machine it gives away."""

import http.client
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gnomon.cli import main


def ask(
    url: str,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, str]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body=body, headers=given)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/picture/..%2f..%2f..%2fetc%2fpasswd",
        "/picture/%2fetc%2fpasswd",
        "/run/picture/..%2frun.json",
        "/run/thumbnail/....//run.json",
        "/example/-1",
        "/example/99",
        "/_nicegui/../../../../etc/passwd",
        "/run/picture/" + "0" * 16,
        "/static/../run.json",
        "/run.json",
    ],
)
def test_no_file_is_reached_by_its_path(explored: str, path: str) -> None:
    status, text = ask(explored, path)
    assert status in (404, 422)
    assert "root:" not in text
    assert "weights_sha256" not in text


def test_another_site_reaches_nothing(explored: str) -> None:
    assert ask(explored, "/", Host="evil.example")[0] == 421
    status, text = ask(explored, "/image?name=a.png", "POST", b"x", Origin="https://evil.example")
    assert (status, text) == (403, "not from 'https://evil.example'")
    socket = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec_WebSocket_Version": "13",
    }
    assert ask(explored, socket, "GET", None, Origin="https://evil.example", **upgrade)[0] == 403


@pytest.mark.parametrize(
    ("name", "body", "status", "says"),
    [
        ("a.png", b"", 422, "a.png: empty"),
        ("a.png", b"no image", 422, "a.png: not an image"),
        ("../a.png", b"no image", 422, "no file's name"),
        ("..%2f..%2fa.png", b"no image", 422, "no file's name"),
        ("", b"no image", 422, "no file's name"),
        ("a.png", bytes(33 * 2**20), 413, "too large"),
    ],
)
def test_a_bad_upload_gets_a_sentence(
    explored: str, name: str, body: bytes, status: int, says: str
) -> None:
    got, text = ask(explored, f"/image?name={name}", "POST", body)
    assert got == status
    assert says in text


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(explored: str) -> None:
    place = urlsplit(explored)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    connection.putrequest("POST", "/image?name=a.png")
    connection.putheader("Content-Length", str(40 * 2**20))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (413, b"more than 35,651,584 bytes")
    assert answer.getheader("connection") == "close"
    connection.close()


def test_a_bomb_of_pixels_is_refused(explored: str) -> None:
    from io import BytesIO

    import PIL.Image

    buffer = BytesIO()
    PIL.Image.new("1", (10_000, 9_000)).save(buffer, "PNG")
    status, text = ask(explored, "/image?name=bomb.png", "POST", buffer.getvalue())
    assert status == 422
    assert "too large (10000x9000 pixels)" in text


def test_other_machines_need_a_password(
    serve: Callable[..., Any], open_page: Callable[..., Any], photographed: Path
) -> None:
    served = serve(photographed, "--host", "0.0.0.0", GNOMON_PASSWORD="sésame")
    for path in ("/", "/run", "/example/0", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"):
        assert ask(served.url, path)[0] == 401
    wrong = b64encode(b"me:wrong").decode()
    assert ask(served.url, "/", Authorization=f"Basic {wrong}")[0] == 401
    assert ask(served.url, "/", Authorization="Basic %%%")[0] == 401
    assert ask(served.url, "/", Cookie="gnomon=guess")[0] == 401
    credentials = {"username": "anyone", "password": "sésame"}
    page = open_page(f"{served.url}/run", http_credentials=credentials)
    page.locator(".point").first.wait_for()
    page.locator(".headline", has_text="Keypoint 1,").wait_for()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--host", "0.0.0.0"), "GNOMON_PASSWORD"),
        (("--port", "99999"), "--port"),
        (("absent",), "no run"),
    ],
)
def test_what_cannot_be_served_ends_with_a_sentence(
    words: tuple[str, ...],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("GNOMON_PASSWORD", raising=False)
    monkeypatch.setattr(sys, "argv", ["gnomon", "serve", "--no-show", *words])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert says in " ".join(capsys.readouterr().err.split())
