"""Secrets in URLs, replaced before a URL is shown or stored."""

import re
from urllib.parse import unquote_plus

MASK = "***"

_USER = re.compile(
    r"(?<=://)[^/?#\s:@\[]*+:(?!\d*(?:[/?#\s]|$))[^\s@]{0,999}@(?:[^\s/?#@]{0,999}@)?"  # a password
    r"|(?<=http://)[^/?#\s@]++@|(?<=https://)[^/?#\s@]++@",  # a token alone
    re.IGNORECASE,
)
_QUERY = re.compile(r"(?<=[?#])\S+")
_FIELD = re.compile(
    r"(?:(?<=[&#;?])|^)([^&#;?=]++)=((?:[^&#;?]|[;?](?![^&#;?=]*+=))*?)"
    r"(?=[:,.'\")\]>]{0,9}(?:[&#]|[;?][^&#;?=]*+=|$))"  # what a sentence goes on with is no secret
)

SECRETS = frozenset(
    {"auth", "authorization", "hmac", "jwt", "pass", "pwd", "sas", "session", "sessionid", "sig"}
)
SECRETS_CONTAIN = (
    "token", "secret", "password", "passwd", "signature", "credential", "apikey", "accesskey",
    "authkey", "privatekey", "sharedkey", "subscriptionkey",
)  # fmt: skip
"""Names of secrets without their signs, and what such names contain."""

OFTEN_SECRETS = frozenset({"key", "code"})
_NAMES_A_THING = re.compile(r"\d{1,10}|.*/.*|.*\.[A-Za-z]{3,4}", re.DOTALL)
"""Names that also stand for what is fetched: then the value is a number, a path or a file."""

SIGNED = ("xamz", "xgoog")
"""How the names of a signature's fields begin; they change when an address is signed again."""
SIGNED_WITH = {
    "sig": frozenset({
        "saoid", "scid", "sdd", "se", "ses", "si", "sip", "ske", "skoid", "sks", "skt", "sktid",
        "skv", "sp", "spr", "sr", "srt", "ss", "st", "suoid", "sv",
    }),
    "signature": frozenset({"awsaccesskeyid", "expires", "googleaccessid", "keypairid", "policy"}),
}  # fmt: skip
"""A signature's name, and the fields that are signed with it."""


def masked(text: str) -> str:
    """Replace the secrets in all URLs of a text: passwords, tokens, keys and signatures.

    What is masked stays as it is, and an address that was signed again is masked the same.

    >>> masked("https://me:pass@host/a.jpg?size=2&X-Amz-Signature=1f2e&X-Amz-Date=20260101")
    'https://***@host/a.jpg?size=2&X-Amz-Signature=***&X-Amz-Date=***'
    """
    if "://" not in text:
        return text
    return _QUERY.sub(lambda query: _masked_query(query[0]), _without_user(text))


def is_masked(url: str) -> bool:
    """Return whether something was taken out of a URL."""
    return "://" in url and MASK in url


def _without_user(text: str) -> str:
    return _USER.sub(f"{MASK}@", text)


def _masked_query(query: str) -> str:
    names = {_plain(name) for name, _ in _FIELD.findall(query)}
    signed = frozenset[str]().union(*(SIGNED_WITH[one] for one in names & SIGNED_WITH.keys()))

    def field(match: re.Match[str]) -> str:
        name, value = _plain(match[1]), unquote_plus(match[2])
        secret = _is_secret(name, value) or name in signed or _without_user(value) != value
        return f"{match[1]}={MASK}" if secret and value else match[0]

    return _FIELD.sub(field, query)


def _is_secret(name: str, value: str) -> bool:
    return (
        name in SECRETS
        or name.startswith(SIGNED)
        or any(one in name for one in SECRETS_CONTAIN)
        or (name in OFTEN_SECRETS and not _NAMES_A_THING.fullmatch(value))
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unquote_plus(name).lower())
