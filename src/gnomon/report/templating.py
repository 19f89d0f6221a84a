"""Where pages come from."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gnomon.page_policy import page_policy


@cache
def pages() -> Environment:
    """Open the templates: all that is put in is escaped, and what is missing is an error."""
    environment = Environment(
        loader=PackageLoader("gnomon.report"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["page_policy"] = page_policy
    return environment
