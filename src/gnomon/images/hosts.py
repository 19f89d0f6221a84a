"""Which hosts a URL may lead to: public ones, and those that the user named."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Self
from urllib.parse import urlsplit

from gnomon.errors import ImageError, SettingError

PORTS = {"http": 80, "https": 443}
CONFIGURED = frozenset(
    {"abfs", "abfss", "adl", "az", "file", "gcs", "gs", "hf", "local", "memory", "oss", "s3", "s3a"}
)
"""Where the user's own configuration, not the URL, says which host is asked."""

TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as they look behind NAT64 (RFC 6052)."""


def is_web(url: str) -> bool:
    """Return whether a URL is one of the web."""
    return url.partition("://")[0].lower() in PORTS


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet.

    >>> is_public("8.8.8.8"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in TRANSLATED:
            inside = IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside:
            return is_public(str(inside))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Hosts that the user named, as (name, port); a port of 0 stands for all.

    The user names a host by a URL on the command line or by --fetch-from. What a list, a table or a
    run says names none.
    """

    named: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, urls: Iterable[str] = (), hosts: Iterable[str] = ()) -> Self:
        """Take the hosts of ``urls``, among which may be paths, and ``hosts`` by NAME[:PORT].

        ``SettingError`` where one of ``hosts`` is none.

        >>> Hosts.of(["https://Birds.org/a.jpg", "photos/a.jpg"], ["nas:8080", "nas"]).named
        (('birds.org', 443), ('nas', 0), ('nas', 8080))
        """
        found = {_place(one) for url in urls for one in _links(url) if "://" in one}
        for host in hosts:
            place = None if "/" in host else _place(f"any://{host}")
            if place is None or place[0] == "any://":
                raise SettingError(
                    f"fetch_from is {host!r}; it is a host as NAME or NAME:PORT, such as"
                    " localhost:8000"
                )
            found.add(place)
        return cls(tuple(sorted(place for place in found if place is not None)))

    def has(self, host: str, port: int) -> bool:
        """Return whether a host was named, for this port or for all."""
        return not {(host.lower(), 0), (host.lower(), port)}.isdisjoint(self.named)

    def has_host_of(self, url: str) -> bool:
        """Return whether a URL's host was named."""
        place = _place(url)
        return place is not None and self.has(*place)

    def has_address(self, address: str, port: int) -> bool:
        """Return whether an address is one that a named host has now."""
        wanted = ip_address(address.partition("%")[0])
        for host, its_port in self.named:
            if its_port in (0, port):
                try:
                    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                except OSError:
                    continue
                if any(ip_address(str(one[4][0]).partition("%")[0]) == wanted for one in found):
                    return True
        return False

    def check(self, url: str) -> None:
        """Raise ``ImageError`` where data names a URL that only a user may name.

        The addresses of http and https are looked at when they are connected to.
        """
        scheme = url.partition("://")[0].lower()
        if is_web(url):
            return
        if "::" in url:
            raise NotNamedError(f"{url}: not opened; only you can name a chain of file systems")
        if scheme in CONFIGURED and "@" not in url.split("/")[2]:
            return
        if not self.has_host_of(url):
            raise not_named(url, (_place(url) or ("",))[0])


class NotNamedError(ImageError):
    """A URL that data names and that only the user may name."""


class ForbiddenAddressError(PermissionError):
    """The address of a connection is not public, and nobody named its host."""


def forbidden_host(error: BaseException | None) -> str | None:
    """Name the host whose address was forbidden, where that is why a request failed."""
    host = ""
    while error is not None:
        if isinstance(error, ForbiddenAddressError):
            return host
        host = getattr(error, "host", None) or host
        error = error.__cause__ or error.__context__
    return None


def not_named(name: str, host: str) -> NotNamedError:
    """Explain that a host is not asked as long as only data names it."""
    host = f"[{host}]" if ":" in host else host
    return NotNamedError(
        f"{name}: not fetched, as {host or 'its host'} is this machine, in a private network, or of"
        f" a kind that only you can name; if you mean it, give --fetch-from {host or 'NAME'}"
    )


def _links(url: str) -> list[str]:
    """Return what a chain of file systems is made of; a web address is one link."""
    return [url] if is_web(url) else url.split("::")


def _place(url: str) -> tuple[str, int] | None:
    """Return a URL's host and port, 0 where it has none; ``None`` where it is no URL.

    A URL without a host, as some file systems have, goes by its scheme: ("mine://", 0).
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.hostname:
        return parts.hostname, port
    return (f"{parts.scheme}://", 0) if parts.scheme else None
