"""What no browser sends gets an answer of 4xx or a closed connection, and no traceback."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from malformed_requests import MESSAGES, QUERY, REQUESTS, SOCKET, SOUND, get
from raw_client import opened, status_of
from served_page import start, stop
from starlette.datastructures import Headers

from gnomon.web.soundness import fault

PATH = SOCKET.decode()
UPLOAD = {"method": "POST", "path": "/image"}


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve a page that still answers after all that was sent to it, and logs no fault."""
    page = start(None)
    yield page.url
    assert urlopen(page.url).status == 200
    assert "\x1b" not in page.said
    stop(page)


def page_of(url: str) -> str:
    """Load a page and return the name that its socket has."""
    found = re.search(r"'client_id': '([0-9a-f-]+)'", urlopen(url).read().decode())
    assert found
    return found[1]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_malformed_request_is_refused(served: str, name: str) -> None:
    authority = served.removeprefix("http://").encode()
    status = status_of(served, REQUESTS[name].replace(b"127.0.0.1:1\r", authority + b"\r"))
    assert status is None or 400 <= status < 500


def test_a_body_without_end_is_refused(served: str) -> None:
    chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
    for path, chunks in ((b"/image?name=a.png", 40), (b"/", 3), (SOCKET, 3)):
        sent = get(path, b"Transfer-Encoding: chunked\r\n", method=b"POST") + chunk * chunks
        authority = served.removeprefix("http://").encode()
        status = status_of(served, sent.replace(b"127.0.0.1:1\r", authority + b"\r"))
        assert status in (405, 413, None)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, None),
        ({"raw_path": b"/a%00b"}, 400),
        ({"raw_path": b"/a%0d%0ab"}, 400),
        ({"raw_path": b"/a%7f"}, 400),
        ({"raw_path": b"/a%5c..%5cb"}, 400),
        ({"raw_path": b"/%c3%a4%20%f0%9f%a6%9c"}, None),
        ({"raw_path": b"/%c3"}, 400),
        ({"raw_path": b"/%u0041"}, 400),
        ({"query_string": b"image=%"}, 400),
        ({"query_string": b"a" * 5000}, 414),
        ({"http_version": "2"}, 400),
        ({"http_version": "1.0"}, None),
        ({"method": "POST", "path": "/image"}, None),
        ({"method": "POST", "path": "/picture"}, 405),
        ({"method": "POST", "path": "/image/"}, 405),
        ({"method": "PUT", "path": "/image"}, 405),
        ({"method": "TRACE"}, 405),
        ({"headers": [(b"host", b"[")]}, 400),
        ({"headers": [(b"host", b"[::1]:80")]}, None),
        ({"headers": [(b"host", b"a"), (b"host", b"a")]}, 400),
        ({"headers": [(b"host", b"a"), (b"content-length", b"1")]}, 413),
        ({"headers": [(b"host", b"a"), (b"transfer-encoding", b"chunked")]}, 413),
        ({"path": "/image", "headers": [(b"host", b"a"), (b"content-length", b"1")]}, 413),
        (UPLOAD | {"headers": [(b"host", b"a"), (b"transfer-encoding", b"chunked")]}, None),
        (UPLOAD | {"headers": [(b"host", b"a"), (b"content-length", b"35651584")]}, None),
        (UPLOAD | {"headers": [(b"host", b"a"), (b"content-length", b"35651585")]}, 413),
        ({"headers": [(b"host", b"a"), (b"content-length", b"-1")]}, 400),
        ({"headers": [(b"host", b"a"), (b"content-length", b"\xef\xbc\x91")]}, 400),
        ({"headers": [(b"host", b"a"), (b"x-forwarded-prefix", b"/a/b-c")]}, None),
        ({"headers": [(b"host", b"a"), (b"x-forwarded-prefix", b"//evil.example")]}, 400),
        ({"headers": [(b"host", b"a"), (b"x", b"y" * 40_000)]}, 431),
        ({"headers": [(b"host", b"a"), *[(b"x", b"y")] * 100]}, 431),
    ],
)
def test_what_is_wrong_is_said(changed: dict[str, Any], status: int | None) -> None:
    """Before anything else reads the request; what is sound is let through."""
    plain = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b""}
    scope = plain | {"headers": [(b"host", b"127.0.0.1")]} | changed
    answer = fault(scope, Headers(scope=scope))
    assert (None if answer is None else answer.status_code) == status


@pytest.mark.parametrize("name", SOUND)
def test_what_is_only_odd_is_answered(served: str, name: str) -> None:
    authority = served.removeprefix("http://").encode()
    assert status_of(served, SOUND[name].replace(b"127.0.0.1:1\r", authority + b"\r")) == 200


@pytest.mark.parametrize("name", MESSAGES)
def test_at_a_malformed_message_the_socket_is_closed(served: str, name: str) -> None:
    client, message = page_of(served), MESSAGES[name]
    with opened(served, PATH, QUERY | {"client_id": client}) as socket:
        socket.say("40")
        assert socket.hear("40") is not None
        socket.say(message.replace("CLIENT", client) if isinstance(message, str) else message)
        assert socket.hear("never") is None
        assert socket.closed is not None


def test_what_a_browser_logs_is_left_out_and_other_events_go_on(served: str) -> None:
    client = page_of(served)
    with opened(served, PATH, QUERY | {"client_id": client}) as socket:
        socket.say("40")
        assert socket.hear("40") is not None
        socket.say(f'42["log",{{"client_id":"{client}","level":"error","message":"\\u001b[31m"}}]')
        for element in (1, 10**9):  # of none, and of one that knows no such listener
            socket.say(
                f'42["event",{{"id":{element},"client_id":"{client}","listener_id":"x","args":[]}}]'
            )
        socket.say(f'42["ack",{{"client_id":"{client}","next_message_id":0}}]')
        assert socket.stays_open()
        socket.say("9")
        assert not socket.stays_open()


@pytest.mark.parametrize("asked", [{"client_id": "gone"}, {"next_message_id": "99"}])
def test_a_page_that_cannot_go_on_is_told_to_load_again(served: str, asked: dict[str, str]) -> None:
    with opened(served, PATH, QUERY | {"client_id": page_of(served)} | asked) as socket:
        socket.say("40")
        said = socket.hear("4")
    assert said is not None
    assert "Implicit handshake failed" in said
