"""Who knows the password comes in; who guesses waits, and keeps nobody else out."""

from base64 import b64encode
from typing import Any

import pytest
from apart import run_apart
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gnomon.web.guard import Guard
from gnomon.web.password import CLIENTS_KEPT, FREE, LONGEST, TOGETHER, Attempts, Door


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def basic(password: str) -> Headers:
    given = b64encode(f"me:{password}".encode()).decode()
    return Headers({"authorization": f"Basic {given}"})


def status(door: Door, password: str, client: str = "192.0.2.7") -> int:
    refusal = door.refusal({"type": "http", "client": (client, 1)}, basic(password))
    return 200 if refusal is None else refusal.status_code


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(clock: Clock) -> Door:
    return Door("sésame:öffne dich", Attempts(clock))


def test_only_the_whole_password_opens(door: Door) -> None:
    assert status(door, "sésame:öffne dich") == 200
    for wrong in ("sésame:öffne dic", "sésame:öffne dich ", "", "sésame"):
        assert status(door, wrong) == 401


def test_a_thousand_other_passwords_do_not_open(door: Door, clock: Clock) -> None:
    for number in range(1000):
        clock.now += 1e5
        assert status(door, f"sésame:öffne dich{number}") == 401


def test_who_guesses_waits_ever_longer(door: Door, clock: Clock) -> None:
    assert [status(door, "x") for _ in range(FREE)] == [401] * FREE
    waits = []
    for _ in range(9):
        assert status(door, "sésame:öffne dich") == 429  # not even looked at
        refusal = door.refusal({"client": ("192.0.2.7", 1)}, basic("x"))
        assert isinstance(refusal, PlainTextResponse)
        waits.append(int(refusal.headers["retry-after"]))
        clock.now += waits[-1]
        assert status(door, "x") == 401
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(waits) == LONGEST
    assert status(door, "sésame:öffne dich", "192.0.2.8") == 200
    clock.now += LONGEST
    assert status(door, "sésame:öffne dich") == 200
    assert [status(door, "x") for _ in range(FREE)] == [401] * FREE  # all is forgotten


def test_many_addresses_do_not_help_and_this_machine_still_gets_in(
    door: Door, clock: Clock
) -> None:
    guessed = [status(door, "x", f"198.51.{n // 250}.{n % 250}") for n in range(500)]
    assert guessed.count(401) == TOGETHER
    clock.now += 10
    guessed = [status(door, "x", f"203.0.{n // 250}.{n % 250}") for n in range(500)]
    assert guessed.count(401) == 10
    assert status(door, "sésame:öffne dich", "192.0.2.8") == 429
    assert status(door, "sésame:öffne dich", "127.0.0.1") == 200
    clock.now += 1
    assert status(door, "sésame:öffne dich", "192.0.2.8") == 200


def test_an_ipv6_network_is_one_client(door: Door) -> None:
    guessed = [status(door, "x", f"2001:db8:1:2::{n:x}") for n in range(20)]
    assert guessed.count(401) == FREE
    assert status(door, "x", "2001:db8:1:3::1") == 401
    guessed = [status(door, "x", f"::ffff:192.0.2.{n}") for n in range(20)]
    assert guessed.count(401) == 20


def test_what_is_remembered_of_clients_is_bounded(clock: Clock) -> None:
    attempts = Attempts(clock)
    for number in range(CLIENTS_KEPT + 50):
        attempts.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(attempts._wrong) == CLIENTS_KEPT


@pytest.mark.parametrize(
    "authorization", ["Basic", "Basic %%%", "Basic ====", "Basic bm9jb2xvbg=="]
)
def test_what_is_no_password_is_a_wrong_one(door: Door, authorization: str) -> None:
    given = Headers({"authorization": authorization})
    answers = [door.refusal({"client": ("192.0.2.9", 1)}, given) for _ in range(FREE + 1)]
    assert [one.status_code if one else 200 for one in answers] == [401] * FREE + [429]


def answer(guard: Guard, headers: dict[str, str], scheme: str = "http") -> dict[str, Any]:
    sent: list[dict[str, Any]] = []
    host = [(b"host", b"gnomon.example")]
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "scheme": scheme,
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [*host, *((name.encode(), value.encode()) for name, value in headers.items())],
        "client": ("192.0.2.7", 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    run_apart(guard(scope, receive, send))
    return sent[0]


async def welcome(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("welcome", headers={"Access-Control-Allow-Origin": "*"})(
        scope, receive, send
    )


def cookies(message: dict[str, Any]) -> list[str]:
    return [value.decode() for name, value in message["headers"] if name == b"set-cookie"]


def test_the_cookie_is_for_this_page_alone() -> None:
    guard = Guard(welcome, "sésame")
    right = dict(basic("sésame"))
    assert answer(guard, {})["status"] == 401
    assert cookies(answer(guard, {})) == []
    assert cookies(answer(guard, dict(basic("x")))) == []
    first = answer(guard, right)
    assert first["status"] == 200
    (cookie,) = cookies(first)
    pair, *flags = cookie.split("; ")
    assert flags == ["HttpOnly", "SameSite=Strict", "Path=/"]
    assert cookies(answer(guard, right, "https")) == [f"{cookie}; Secure"]
    again = answer(guard, {"cookie": f"odd; =;; other=1; {pair}"})
    assert again["status"] == 200
    assert cookies(again) == []
    for guess in (pair[:-1], f"{pair}x", "gnomon=", pair.replace("gnomon", "gnomo"), "gnomon"):
        assert answer(guard, {"cookie": guess})["status"] == 401
    assert answer(guard, {"cookie": f"gnomon=stale; {pair}"})["status"] == 200
    assert not [name for name, _ in first["headers"] if name.startswith(b"access-control")]


def test_a_cookie_or_a_password_does_not_let_another_site_in() -> None:
    guard = Guard(welcome, "sésame")
    (cookie,) = cookies(answer(guard, dict(basic("sésame"))))
    known = {"cookie": cookie.split(";")[0]}
    for elsewhere in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    ):
        assert answer(guard, known | elsewhere)["status"] == 403
        assert answer(guard, dict(basic("sésame")) | elsewhere)["status"] == 403
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert answer(guard, known | link | {"sec-fetch-dest": "document"})["status"] == 200
    for same in ("http://gnomon.example", "https://GNOMON.example"):
        assert answer(guard, known | {"origin": same})["status"] == 200
    assert answer(guard, known | {"sec-purpose": "prefetch;prerender"})["status"] == 503
