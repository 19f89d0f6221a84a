"""What a browser may do with what the page answers: the content security policy and its kin.

Scripts and styles come from gnomon's own addresses, or stand in the page's template and carry the
nonce of this one answer. Nothing is compiled from text (no `unsafe-eval`): the components render by
functions. No frame of any page may hold this one.
"""

import re
import secrets
from collections.abc import Callable

from jinja2 import BaseLoader, Environment
from nicegui.client import templates
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

NONCE = "gnomon.nonce"
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""NiceGUI puts an empty style into every page."""
FIXED = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy(nonce: str) -> str:
    """Return the content security policy of one answer."""
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}' {EMPTY_STYLE}",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def with_policy(scope: Scope, send: Send) -> Send:
    """Return a ``send`` that gives every answer its policy, and lets no other origin read it."""
    scope[NONCE] = secrets.token_urlsafe(18)

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            headers["Content-Security-Policy"] = policy(scope[NONCE])
            headers.update(FIXED)
            message = {**message, "headers": headers.raw}
        await send(message)

    return guarded


class _Signed(BaseLoader):
    """NiceGUI's own templates, with the answer's nonce on each script and style of theirs.

    It is the template's text that gets it, so that nothing that is put into a page has it.
    """

    def __init__(self, loader: BaseLoader) -> None:
        self._loader = loader

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, name, current = self._loader.get_source(environment, template)
        nonce = f"{{{{ request.scope['{NONCE}'] }}}}"
        signed = re.sub(r"<(script|style)\b", rf'<\1 nonce="{nonce}"', source)
        return signed.replace('style="display: none"', "hidden"), name, current


def sign_templates() -> None:
    """Put the nonce into what NiceGUI writes pages by."""
    loader = templates.env.loader
    if loader is not None and not isinstance(loader, _Signed):
        templates.env.loader = _Signed(loader)
        if templates.env.cache is not None:
            templates.env.cache.clear()
