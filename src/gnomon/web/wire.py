"""The page's socket: who may open it, and what a browser may say on it.

All that NiceGUI's own script says is let through; at anything else the socket is closed, before a
library reads it.
"""

from typing import Any
from urllib.parse import parse_qs, urlencode

from nicegui import Client, core, json
from starlette.types import Message, Receive, Scope

ADDRESS = "/_nicegui_ws/socket.io/"
MAX_MESSAGE = 1_000_000
PONG, GOODBYE, CONNECT, DISCONNECT, EVENT = "3", "1", "40", "41", "42["
LAYOUT = 0
"""The element that holds all others; it hears of NiceGUI's sub pages only, and there are none."""
_NAMED = ("client_id", "tab_id", "document_id")
LONGEST_NAME = 100


def admitted(scope: Scope, receive: Receive) -> Receive | None:
    """Return the ``receive`` of a socket that a page of gnomon opens, for any other ``None``."""
    if scope["path"] != ADDRESS:
        return None
    query = {
        name: values[0]
        for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()
    }
    named = all(0 < len(query.get(name, "")) <= LONGEST_NAME for name in _NAMED)
    wanted = query.get("next_message_id", "")
    if not named or not (wanted.isascii() and wanted.isdigit() and len(wanted) < 16):
        return None
    if "sid" in query or query.get("implicit_handshake") != "true":
        return None
    if not _goes_on(query["client_id"], int(wanted)):
        # Of a page that is not known any more; it is told so, and loads itself again.
        scope["query_string"] = urlencode(query | {"client_id": "gone"}).encode()
    return _heard(query["client_id"], receive)


def listen_softly() -> None:
    """Answer sockets only, to no other origin, and let events of what is gone be."""
    core.sio.eio.cors_allowed_origins = []  # none is answered to; the guard refuses all others
    core.sio.eio.transports = ["websocket"]
    core.app.config.socket_io_js_transports = ["websocket"]
    core.sio.on("event", _on_event)


def _on_event(_: str, message: dict[str, Any]) -> None:
    client = Client.instances.get(message["client_id"])
    if client is not None and client.has_socket_connection:
        try:
            client.handle_event(message)
        except KeyError:  # what a browser shows is a moment older than what there is
            return


def _goes_on(client_id: str, wanted: int) -> bool:
    """Return whether a page can be brought up to date from the message that it waits for."""
    client = Client.instances.get(client_id)
    if client is None:
        return False
    sent = [client.outbox.next_message_id, *(known[0] for known in client.outbox.message_history)]
    return wanted in sent


def _heard(client_id: str, receive: Receive) -> Receive:
    connected = False

    async def heard() -> Message:
        nonlocal connected
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            text = message.get("text")
            if text in (PONG, GOODBYE, DISCONNECT):
                return message
            if text == CONNECT and not connected:
                connected = True
                return message
            name, said = _said(text) if connected else (None, None)
            if name == "log":  # a browser writes nothing into this program's log
                continue
            if _is_sound(name, said, client_id):
                return message
            return {"type": "websocket.disconnect", "code": 1008}

    return heard


def _said(text: str | None) -> tuple[Any, Any]:
    """Return an event's name and what comes with it."""
    if text is None or not text.startswith(EVENT):
        return None, None
    try:
        name, said = json.loads(text[len(EVENT) - 1 :])
    except (ValueError, TypeError):
        return None, None
    return name, said


def _is_sound(name: Any, said: Any, client_id: str) -> bool:
    if not isinstance(said, dict) or said.get("client_id") != client_id:
        return False
    if name == "ack":
        number = said.get("next_message_id")
        return isinstance(number, int) and number >= 0
    element = said.get("id")
    if name != "event" or not isinstance(element, int) or element <= LAYOUT:
        return False
    args = said.get("args")
    return (
        isinstance(said.get("listener_id"), str)
        and isinstance(args, list)
        and all(arg is None or _is_json(arg) for arg in args)
    )


def _is_json(text: Any) -> bool:
    if not isinstance(text, str):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
