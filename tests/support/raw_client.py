"""A client that sends what a test says, byte by byte."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlencode, urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)


def status_of(url: str, sent: bytes) -> int | None:
    """Send bytes and return the answer's status; ``None`` where the connection is only closed."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        answer = b""
        with suppress(OSError):  # it was answered before all was sent
            connection.sendall(sent)
        with suppress(ConnectionError):
            while b"\r\n" not in answer and (chunk := connection.recv(65536)):
                answer += chunk
    return int(answer.split()[1]) if answer else None


class Socket:
    """A socket of the page; ``closed`` is how it was closed."""

    def __init__(self, connection: socket.socket, host: str, address: str) -> None:
        self._connection = connection
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self.closed: int | None = None
        self._texts: list[str] = []
        self._said = ""
        self._accepted = False
        connection.sendall(self._protocol.send(Request(host=host, target=address)))
        while not self._accepted and self.closed is None:
            self._read()

    def say(self, message: str | bytes) -> None:
        """Send a message, and answer nothing for it."""
        event = TextMessage(message) if isinstance(message, str) else BytesMessage(message)
        try:
            self._connection.sendall(self._protocol.send(event))
        except OSError:
            self.closed = self.closed or 1006

    def hear(self, start: str = "") -> str | None:
        """Wait for a message that begins like this; ``None`` where the socket is closed first."""
        while self.closed is None:
            while self._texts:
                text = self._texts.pop(0)
                if text.startswith(start):
                    return text
            self._read()
        return None

    def stays_open(self, seconds: float = 0.5) -> bool:
        """Tell whether the socket is not closed for a while."""
        self._connection.settimeout(seconds)
        try:
            while self.closed is None:
                self._read()
        except TimeoutError:
            return True
        return False

    def _read(self) -> None:
        try:
            chunk = self._connection.recv(65536)
        except ConnectionError:
            chunk = b""
        if not chunk:
            self.closed = 1006
            return
        self._protocol.receive_data(chunk)
        for event in self._protocol.events():
            if isinstance(event, AcceptConnection):
                self._accepted = True
            elif isinstance(event, RejectConnection):
                self.closed = event.status_code
            elif isinstance(event, CloseConnection):
                self.closed = event.code
            elif isinstance(event, Ping):
                self._connection.sendall(self._protocol.send(event.response()))
            elif isinstance(event, TextMessage):
                self._said += event.data
                if event.message_finished:
                    self._texts.append(self._said)
                    self._said = ""


@contextmanager
def opened(url: str, path: str, query: dict[str, str]) -> Iterator[Socket]:
    """Open a socket as the page's script does."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        yield Socket(connection, place.netloc, f"{path}?{urlencode(query)}")
