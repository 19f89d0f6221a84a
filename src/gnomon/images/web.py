"""Reading from web servers, of public addresses or of hosts that the user named."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from fsspec.asyn import sync

from gnomon.images.hosts import ForbiddenAddressError, Hosts, is_public

CHUNK = 1 << 16
SILENCE = 60.0
"""Seconds that a server may send nothing."""


@dataclass(frozen=True, slots=True)
class Client:
    """Makes sessions that connect to public addresses and to ``hosts`` only.

    What is looked at is the address that is connected to, so it holds for redirects, for names
    whose address changes, and for numbers in any spelling.
    """

    hosts: Hosts

    async def __call__(self, **options: Any) -> aiohttp.ClientSession:
        """Make a session, as fsspec asks for one."""
        connector = aiohttp.TCPConnector(socket_factory=self._socket)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE, sock_read=SILENCE)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, **options)

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, place = info
        if not is_public(place[0]) and not self.hosts.has_address(place[0], place[1]):
            raise ForbiddenAddressError("this machine, or a private network")
        return socket.socket(family, kind, protocol)


def fetch(filesystem: Any, url: str, start: int, most: int, refuse: Callable[[int], None]) -> bytes:
    """Read at most ``most`` bytes from ``start``, however many the server sends.

    ``refuse`` is told the length that the server announces, before more is read.
    """

    async def get() -> bytes:
        session = await filesystem.set_session()
        headers = {"Range": f"bytes={start}-{start + most - 1}"} if start else {}
        async with session.get(filesystem.encode_url(url), headers=headers) as response:
            if response.status == 404:
                raise FileNotFoundError(url)
            response.raise_for_status()
            refuse(response.content_length or 0)
            skip = start if start and response.status != 206 else 0
            content = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                content += chunk[skip:]
                skip = max(skip - len(chunk), 0)
                if len(content) >= most:
                    break
            return bytes(content[:most])

    content: bytes = sync(filesystem.loop, get)
    return content
