"""What stands before every request: who may ask, from where, and how much may be sent."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gnomon.web.origin import host_name, is_foreign, is_loopback
from gnomon.web.password import Door
from gnomon.web.policy import with_policy
from gnomon.web.soundness import fault
from gnomon.web.wire import admitted


class Guard:
    """Lets a request through to ``app``, or answers it with a sentence; every answer has a policy.

    Without a password, the page must have been asked for by a name of this machine, so that no
    other site can lead a browser here under a name of its own. With one, the browser asks for it
    once (any user name) and then holds a cookie. Another site's pages get nothing, whatever they
    ask for.
    """

    def __init__(self, app: ASGIApp, password: str | None) -> None:
        self.app = app
        self._door = None if password is None else Door(password)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = with_policy(scope, send)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            heard = None if refusal is not None else admitted(scope, receive)
            if heard is None:
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
            else:
                await self.app(scope, heard, send)
        elif refusal is not None:
            refusal.headers["Connection"] = "close"  # what is left of a body is not read
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, self._with_cookie(scope, headers, send))

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        unsound = fault(scope, headers)
        if unsound is not None:
            return unsound
        host = headers["host"]
        if self._door is None and not is_loopback(host_name(host) or ""):
            return PlainTextResponse(f"this page is for this machine only, not for {host!r}", 421)
        if is_foreign(scope, headers):
            return PlainTextResponse(f"not from {headers.get('origin', 'another site')!r}", 403)
        if "prefetch" in headers.get("sec-purpose", ""):
            return PlainTextResponse("not before somebody opens it", 503)
        return None if self._door is None else self._door.refusal(scope, headers)

    def _with_cookie(self, scope: Scope, headers: Headers, send: Send) -> Send:
        door = self._door
        if door is None or door.knows(headers):
            return send
        cookie = (b"set-cookie", door.cookie(scope).encode())

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], cookie]}
            await send(message)

        return with_cookie
