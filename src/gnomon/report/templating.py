"""Where pages come from."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


@cache
def pages() -> Environment:
    """Open the templates: all that is put in is escaped, and what is missing is an error."""
    return Environment(
        loader=PackageLoader("gnomon.report"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
