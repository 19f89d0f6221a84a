"""What a browser may do with a page that gnomon writes: its content security policy."""

from base64 import b64encode
from hashlib import sha256


def page_policy(style: str, script: str = "", images: str = "data:") -> str:
    """Return the policy for a page with one style and at most one script, to stand in its head.

    Both are allowed by their hashes; nothing else runs, nothing is fetched but ``images``, and
    nothing is sent. Not to be framed is more than a file can ask for; there is nothing to click.

    >>> page_policy("p { margin: 0 }").split("; ")[1]
    "style-src 'sha256-7IWhgxoOGTB5NQzjGk9OPt0FwhVeBvZGoWgF9xLLh8c='"
    """
    rules = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script) if script else "'none'",
        "img-src": images,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _hash(text: str) -> str:
    digest = sha256(text.encode("utf-8", "replace")).digest()
    return f"'sha256-{b64encode(digest).decode()}'"
