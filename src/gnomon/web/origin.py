"""Whence a request comes: the name that the page was asked for by, and the page that asked."""

import re
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_ORIGIN = re.compile(r"https?://(?P<host>[^/?#@\s]+)", re.IGNORECASE)


def host_name(host: str) -> str | None:
    """Return the name in a Host header, without its port; ``None`` where it is none.

    >>> host_name("127.0.0.1:8765"), host_name("[::1]:80"), host_name("[")
    ('127.0.0.1', '[::1]', None)
    """
    found = _HOST.fullmatch(host)
    return None if found is None else found["name"].lower()


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address.

    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0")]
    [True, True, True, False]
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_foreign(scope: Scope, headers: Headers) -> bool:
    """Return whether another page than gnomon's asks, whatever it asks for.

    A browser says so in ``Origin``, or in ``Sec-Fetch-Site`` where it leaves the origin out. Only
    a link that opens the page as a whole may stand elsewhere: that changes nothing, and no other
    page reads the answer.
    """
    origin = headers.get("origin")
    if origin is not None:
        found = _ORIGIN.fullmatch(origin)
        return found is None or found["host"].lower() != headers.get("host", "").lower()
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return opened != ("navigate", "document") or scope.get("method") != "GET"
