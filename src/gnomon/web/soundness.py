"""Requests that no browser sends to the page, and bodies that no address of it takes."""

import re
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Scope

from gnomon.web.origin import host_name
from gnomon.web.uploads import ADDRESS, MAX_REQUEST

METHODS = {"GET", "HEAD", "POST"}
MAX_ADDRESS = 4096
MAX_HEADERS, MAX_HEADER_BYTES = 100, 32 * 2**10
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PREFIX = re.compile(r"(/[\w.~-]+)*/?", re.ASCII)
_ONCE = ("host", "origin", "authorization", "content-length")


def fault(scope: Scope, headers: Headers) -> PlainTextResponse | None:
    """Return the answer to a request that is not sound, or has a body where none is taken."""
    says = _malformed(scope, headers)
    if says is not None:
        return PlainTextResponse(says, 400)
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_ADDRESS:
        return PlainTextResponse(f"an address of more than {MAX_ADDRESS:,} bytes", 414)
    size = sum(len(name) + len(value) for name, value in scope["headers"])
    if len(scope["headers"]) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        says = f"more than {MAX_HEADERS} headers, or than {MAX_HEADER_BYTES:,} bytes of them"
        return PlainTextResponse(says, 431)
    method = scope.get("method", "GET")
    takes = MAX_REQUEST if method == "POST" and scope["path"] == ADDRESS else 0
    if method not in METHODS or (method == "POST" and not takes):
        return PlainTextResponse(f"no {method[:20]} here", 405, {"Allow": "GET, HEAD"})
    unsaid = "transfer-encoding" in headers and not takes
    if unsaid or int(headers.get("content-length", "0")) > takes:
        return PlainTextResponse(f"more than {takes:,} bytes", 413)
    return None


def _malformed(scope: Scope, headers: Headers) -> str | None:
    """Describe what is wrong with a request's host, headers or address."""
    if scope.get("http_version", "1.1") not in ("1.0", "1.1"):
        return "neither HTTP/1.0 nor HTTP/1.1"
    for name in _ONCE:
        if len(headers.getlist(name)) > 1:
            return f"{name} is there more than once"
    if host_name(headers.get("host", "")) is None:
        return "the host is none"
    if "content-length" in headers and "transfer-encoding" in headers:
        return "the length is said in two ways"
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        return "the length is none"
    if not _PREFIX.fullmatch(headers.get("x-forwarded-prefix", "")):
        return "the prefix is none"
    if _BAD_ESCAPE.search(scope["raw_path"] + b"?" + scope["query_string"]):
        return "the address has a % that begins no escape"
    try:
        path = unquote_to_bytes(scope["raw_path"]).decode()
    except UnicodeDecodeError:
        return "the address is not UTF-8"
    if any(ord(sign) < 32 or sign in "\\\x7f" for sign in path):
        return "the address has a sign that no address has"
    return None
