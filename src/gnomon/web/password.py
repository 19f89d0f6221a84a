"""The password that other machines need, and how often somebody may be wrong about it."""

import secrets
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Scope

from gnomon.web.origin import is_loopback

COOKIE = "gnomon"
FREE = 5
"""Wrong passwords of one client before it has to wait."""
LONGEST = 60.0
FORGOTTEN = 3600.0
TOGETHER, REFILL = 100.0, 1.0
"""Wrong passwords of all other machines at once, and how many more each second."""
CLIENTS_KEPT = 4096


@dataclass(slots=True)
class _Wrong:
    times: int
    wait_until: float


class Attempts:
    """Counts wrong passwords: a client waits ever longer, up to a minute.

    All other machines together have a budget as well, so that many addresses do not help. It does
    not count for this machine, from which its user can therefore always get in.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, _Wrong] = OrderedDict()
        self._budget, self._counted = TOGETHER, clock()

    def wait(self, client: str) -> float:
        """Return the seconds until a client's next password is looked at."""
        now = self._clock()
        wrong = self._wrong.get(_group(client))
        alone = 0.0 if wrong is None else wrong.wait_until - now
        together = 0.0 if is_loopback(client) else (1.0 - self._refilled(now)) / REFILL
        return max(0.0, alone, together)

    def failed(self, client: str) -> None:
        """Count a wrong password."""
        now, group = self._clock(), _group(client)
        wrong = self._wrong.pop(group, None)
        if wrong is None or now > wrong.wait_until + FORGOTTEN:
            wrong = _Wrong(0, now)
        wrong.times += 1
        late = wrong.times - FREE
        wrong.wait_until = now + (min(LONGEST, 2.0 ** min(late, 10)) if late >= 0 else 0.0)
        self._wrong[group] = wrong
        while len(self._wrong) > CLIENTS_KEPT:
            self._wrong.popitem(last=False)
        if not is_loopback(client):
            self._budget = self._refilled(now) - 1.0

    def succeeded(self, client: str) -> None:
        """Forget a client's wrong passwords."""
        self._wrong.pop(_group(client), None)

    def _refilled(self, now: float) -> float:
        self._budget = min(TOGETHER, self._budget + (now - self._counted) * REFILL)
        self._counted = now
        return self._budget


class Door:
    """Lets in who gives the password, or the cookie that was given for it."""

    def __init__(self, password: str, attempts: Attempts | None = None) -> None:
        self._password = _digest(password.encode())
        self._token = secrets.token_urlsafe(32)
        self._attempts = attempts or Attempts()

    def refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """Return the answer to who may not come in."""
        if self.knows(headers):
            return None
        given = _password_in(headers.get("authorization", ""))
        client = (scope.get("client") or ("", 0))[0]
        if given is not None:
            wait = self._attempts.wait(client)
            if wait > 0:
                says = f"too many wrong passwords; try again in {ceil(wait)} s"
                return PlainTextResponse(says, 429, {"Retry-After": str(ceil(wait))})
            if secrets.compare_digest(_digest(given), self._password):
                self._attempts.succeeded(client)
                return None
            self._attempts.failed(client)
        asking = {"WWW-Authenticate": 'Basic realm="gnomon", charset="UTF-8"'}
        return PlainTextResponse("a password is needed", 401, asking)

    def knows(self, headers: Headers) -> bool:
        """Return whether the cookie is there."""
        pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
        given = (value for name, _, value in pairs if name == COOKIE)
        token = _digest(self._token.encode())
        return any(secrets.compare_digest(_digest(one.encode()), token) for one in given)

    def cookie(self, scope: Scope) -> str:
        """Write the cookie for who came in; only encrypted where the page is."""
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        return f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/{secure}"


def _password_in(authorization: str) -> bytes | None:
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return b64decode(encoded, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _digest(secret: bytes) -> bytes:
    """Hash a secret, so that a comparison takes as long whatever its length."""
    return sha256(secret).digest()


def _group(client: str) -> str:
    """Return what stands for a client: one who has an IPv6 address has its whole network."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
