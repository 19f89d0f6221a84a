"""Requests that no browser sends: what is sent for each, by a name."""

import json
from urllib.parse import urlencode

UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
HOST = b"Host: 127.0.0.1:1\r\n"
SOCKET = b"/_nicegui_ws/socket.io/"
QUERY = {
    "EIO": "4",
    "transport": "websocket",
    "client_id": "c",
    "tab_id": "t",
    "document_id": "d",
    "next_message_id": "0",
    "implicit_handshake": "true",
}


def get(path: bytes = b"/", more: bytes = b"", host: bytes = HOST, method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + host + more + b"\r\n"


def post(path: bytes, body: bytes, more: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return get(path, length + more, method=b"POST") + body


def socket(query: dict[str, str], more: bytes = b"", path: bytes = SOCKET) -> bytes:
    return get(path + b"?" + urlencode(query).encode(), UPGRADE + more)


def hosted(host: bytes) -> bytes:
    return get(host=b"Host: " + host + b"\r\n")


HOSTS = {
    f"host {host.decode('latin-1')!r}": hosted(host)
    for host in (
        b"[",
        b"]",
        b"[::1",
        b"::1",
        b"[evil]",
        b"[::ffff:1.2.3.4.5.6]:x",
        b"127.0.0.1:99999999",
        b"127.0.0.1:http",
        b"127.0.0.1@evil.example",
        b"127.0.0.1/evil",
        b"evil.example#127.0.0.1",
        b"127.0.0.1, evil.example",
        b"127.0.0.1.evil.example",
        b"xn--\xff.example",
        b"a" * 300,
        b"",
    )
}
ORIGINS = {
    f"origin {origin.decode('latin-1')!r}": get(more=b"Origin: " + origin + b"\r\n")
    for origin in (
        b"null",
        b"http://evil.example",
        b"http://127.0.0.1:2",
        b"file://",
        b"http://[",
        b"http://127.0.0.1:1/path",
        b"http://127.0.0.1:1@evil.example",
        b"//127.0.0.1:1",
        b"\xff\xfe",
        b"",
    )
}
REQUESTS: dict[str, bytes] = {
    **HOSTS,
    **ORIGINS,
    "no host": get(host=b""),
    "two hosts": get(host=HOST + HOST),
    "two origins": get(more=b"Origin: http://127.0.0.1:1\r\nOrigin: http://evil.example\r\n"),
    "framed": get(b"/run", b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: iframe\r\n"),
    "an image elsewhere": get(b"/example/0", b"Sec-Fetch-Site: same-site\r\n"),
    "method BREW": get(method=b"BREW"),
    "method PUT": get(b"/image", method=b"PUT"),
    "method DELETE": get(b"/run", method=b"DELETE"),
    "method TRACE": get(method=b"TRACE"),
    "method OPTIONS": get(b"/image", method=b"OPTIONS"),
    "method of bytes": get(method=b"\xff\x00"),
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "no request": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "version 9": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "version of words": b"GET / HTTP/one\r\n" + HOST + b"\r\n",
    "a space in the path": get(b"/a b"),
    "a path with ..": get(b"/../../../../etc/passwd"),
    "a path with %2e": get(b"/%2e%2e/%2e%2e/etc/passwd"),
    "a picture with ..": get(b"/picture/..%2f..%2f..%2fetc%2fpasswd"),
    "nothing in a path": get(b"/picture/%00"),
    "nothing in a static path": get(b"/_nicegui/3.18.0/static/%00"),
    "a static path with ..": get(b"/_nicegui/3.18.0/static/..%2f..%2fapp.py"),
    "a resource that is none": get(b"/_nicegui/3.18.0/resources/x/..%2f..%2fetc"),
    "a backslash": get(b"/run\\..\\x"),
    "a line's end in a path": get(b"/run%0d%0aX-Evil:%201"),
    "half an escape": get(b"/picture/%"),
    "an escape of words": get(b"/picture/%zz"),
    "an escape in a query": get(b"/?image=%u0041"),
    "not UTF-8": get(b"/run/picture/%ff%fe"),
    "an overlong slash": get(b"/%c0%af%c0%af"),
    "a whole address": get(b"http://evil.example/", host=b"Host: evil.example\r\n"),
    "no number": get(b"/example/one"),
    "a large number": get(b"/example/" + b"9" * 400),
    "a long path": get(b"/" + b"a" * 5000),
    "a long query": get(b"/?image=" + b"a" * 5000),
    "large headers": get(more=b"X-Large: " + b"a" * 40_000 + b"\r\n"),
    "headers without end": get(more=b"X-Large: " + b"a" * 200_000),
    "many headers": get(more=b"X-Many: 1\r\n" * 4000),
    "a header without a colon": get(more=b"nothing\r\n"),
    "a header's name of bytes": get(more=b"\x00\xff: 1\r\n"),
    "a prefix of markup": get(more=b'X-Forwarded-Prefix: "><script>\r\n'),
    "a prefix elsewhere": get(more=b"X-Forwarded-Prefix: //evil.example\r\n"),
    "a negative length": get(b"/image", b"Content-Length: -1\r\n", method=b"POST"),
    "a length of words": get(b"/image", b"Content-Length: ten\r\n", method=b"POST"),
    "two lengths": get(b"/image", b"Content-Length: 1\r\nContent-Length: 2\r\n", method=b"POST"),
    "a huge length": get(b"/image?name=a", b"Content-Length: 99999999999\r\n", method=b"POST"),
    "a length beyond all": get(
        b"/image", b"Content-Length: " + b"9" * 50 + b"\r\n", method=b"POST"
    ),
    "length and chunks": get(
        b"/image", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", method=b"POST"
    )
    + b"0\r\n\r\n",
    "chunks of words": get(b"/image?name=a", b"Transfer-Encoding: chunked\r\n", method=b"POST")
    + b"zz\r\n",
    "an encoding that is none": get(b"/image", b"Transfer-Encoding: gzip, cow\r\n", method=b"POST"),
    "a body for a page": get(b"/", b"Content-Length: 10\r\n"),
    "chunks for a page": get(b"/run", b"Transfer-Encoding: chunked\r\n"),
    "a body for a picture": post(b"/example/0", b"x" * 2000),
    "a body for the socket": post(SOCKET + b"?EIO=4&transport=polling&sid=x", b"40"),
    "bad multipart": post(
        b"/image?name=a.png", b"--x\r\nno", b"Content-Type: multipart/form-data; boundary=y\r\n"
    ),
    "multipart without boundary": post(
        b"/image?name=a.png", b"--x--", b"Content-Type: multipart/form-data\r\n"
    ),
    "an upload of words": post(b"/image?name=a.png", b"no image"),
    "an upload without a name": post(b"/image", b"no image"),
    "polling": get(SOCKET + b"?EIO=4&transport=polling"),
    "polling with a script": get(SOCKET + b"?EIO=4&transport=polling&j=0"),
    "an old socket": get(SOCKET + b"?EIO=3&transport=websocket"),
    "a socket elsewhere": socket(QUERY, path=b"/run"),
    "a socket of nobody": socket({"EIO": "4", "transport": "websocket"}),
    "a socket that polled": socket(QUERY | {"sid": "x"}),
    "a socket without handshake": socket(QUERY | {"implicit_handshake": "false"}),
    "a socket from a word": socket(QUERY | {"next_message_id": "one"}),
    "a socket from elsewhere": socket(QUERY, b"Origin: http://evil.example\r\n"),
    "a socket without a key": get(
        SOCKET, b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    ),
    "a socket of version 1": get(SOCKET, UPGRADE.replace(b"13", b"1")),
    "an upgrade to nothing": get(SOCKET, b"Connection: Upgrade\r\nUpgrade: h2c\r\n"),
}
"""All of these are answered with 4xx, or the connection is closed."""

SOUND = {
    "bad cookies": get(more=b"Cookie: ;;=;\x01a=b; gnomon; gnomon=;==\xff\r\n"),
    "markup for an image": get(b"/?image=%3Cscript%3E"),
}
"""Odd, but answered as ever."""


def said(name: str, what: object) -> str:
    return "42" + json.dumps([name, what])


EVENT = {"id": 1, "client_id": "CLIENT", "listener_id": "x", "args": []}
MESSAGES: dict[str, str | bytes] = {
    "nothing": "",
    "bytes": b"\x00\x01",
    "a word": "x",
    "a type that is none": "9",
    "a ping": "2probe",
    "an upgrade": "5",
    "a message of nothing": "4",
    "a message that is none": "4x",
    "another namespace": "40/admin,",
    "connected twice": "40",
    "connected with words": '40{"token": 1}',
    "binary": '451-["event", {"_placeholder": true, "num": 0}]',
    "an answer": "430[]",
    "an error": "44{}",
    "an event of nothing": "42",
    "an event that is no list": "42{}",
    "an empty event": "42[]",
    "an event in another namespace": '42/admin,["event", {}]',
    "half of JSON": '42["event", {',
    "deep JSON": "42" + "[" * 100_000,
    "half a sign": '42["event", "\\ud800"]',
    "an event that is none": said("nothing", {}),
    "an event without what": said("event", None),
    "an event of a list": said("event", [1]),
    "an event of nobody": said("event", {"id": 1}),
    "another's event": said("event", EVENT | {"client_id": "other"}),
    "an id of words": said("event", EVENT | {"id": "one"}),
    "an event of the layout": said("event", EVENT | {"id": 0}),
    "a listener of numbers": said("event", EVENT | {"listener_id": 5}),
    "arguments that are no list": said("event", EVENT | {"args": "x"}),
    "arguments of numbers": said("event", EVENT | {"args": [5]}),
    "arguments that are no JSON": said("event", EVENT | {"args": ["{"]}),
    "no arguments": said("event", {n: v for n, v in EVENT.items() if n != "args"}),
    "a receipt of words": said("ack", {"client_id": "CLIENT", "next_message_id": "x"}),
    "a negative receipt": said("ack", {"client_id": "CLIENT", "next_message_id": -1}),
    "a script's answer": said("javascript_response", {"client_id": "CLIENT", "request_id": "x"}),
    "another handshake": said("handshake", {"client_id": "CLIENT"}),
    "a large message": "42" + " " * (2**20 + 10),
}
"""What is said on a socket of a page that is open: it is closed."""
