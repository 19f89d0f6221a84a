"""What stands before every request: who may ask, from where, and how much may be sent."""

import secrets
from base64 import b64decode
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "gnomon"
MAX_REQUEST = 34 * 2**20
"""Bytes of the largest request: an upload and what is wrapped around it."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address.

    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0")]
    [True, True, True, False]
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class TooLargeError(Exception):
    """More was sent than a request may hold."""


class Guard:
    """Lets a request through to ``app``, or answers it with a sentence.

    Without a password, the page must have been asked for by a name of this machine, so that no
    other site can lead a browser here under a name of its own. With one, the browser asks for it
    once (any user name) and then holds a cookie. What changes something, and every socket, must
    come from the page itself.
    """

    def __init__(self, app: ASGIApp, password: str | None) -> None:
        self.app = app
        self.password = password
        self._token = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(scope, receive, send, refusal)
            return
        try:
            await self.app(scope, _bounded(receive), self._with_cookie(scope, headers, send))
        except TooLargeError:
            too_large = PlainTextResponse(f"more than {MAX_REQUEST:,} bytes", status_code=413)
            await too_large(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        if self.password is None:
            if not is_loopback(urlsplit(f"//{host}").hostname or ""):
                return PlainTextResponse(
                    f"this page is for this machine only, not for {host!r}", status_code=421
                )
        elif not (self._has_cookie(headers) or self._has_password(headers)):
            asking = {"WWW-Authenticate": 'Basic realm="gnomon", charset="UTF-8"'}
            return PlainTextResponse("a password is needed", status_code=401, headers=asking)
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes and origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse(f"not from {origin!r}", status_code=403)
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            return PlainTextResponse("no length", status_code=400)
        if length > MAX_REQUEST:
            return PlainTextResponse(f"more than {MAX_REQUEST:,} bytes", status_code=413)
        return None

    def _has_cookie(self, headers: Headers) -> bool:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and secrets.compare_digest(
            cookie.value.encode(), self._token.encode()
        )

    def _has_password(self, headers: Headers) -> bool:
        kind, _, encoded = headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            given = b64decode(encoded, validate=True).partition(b":")[2]
        except ValueError:
            return False
        return secrets.compare_digest(given, (self.password or "").encode())

    def _with_cookie(self, scope: Scope, headers: Headers, send: Send) -> Send:
        if self.password is None or scope["type"] != "http" or self._has_cookie(headers):
            return send
        cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
            await send(message)

        return with_cookie


def _bounded(receive: Receive) -> Receive:
    """Count what arrives of a request whose length was not said."""
    arrived = 0

    async def counted() -> Message:
        nonlocal arrived
        message = await receive()
        if message["type"] == "http.request":
            arrived += len(message.get("body", b""))
            if arrived > MAX_REQUEST:
                raise TooLargeError
        return message

    return counted


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: PlainTextResponse) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
    else:
        await answer(scope, receive, send)
