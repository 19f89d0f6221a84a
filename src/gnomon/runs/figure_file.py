"""The name of an image's figure in a run."""

import re

from gnomon.disk import safe_name
from gnomon.path_text import last_step

LETTERS = 60
_ENDING = re.compile(r"\.\w{1,5}$", re.ASCII)


def figure_file(path: str, image_id: str, kind: str = "png") -> str:
    """Name an image's figure by its recorded path, and by its id, for photographs of one name.

    >>> figure_file("birds/gull.jpg", "b1ddc9d5447d1449")
    'figures/gull-b1ddc9d5447d1449.png'
    """
    name = _ENDING.sub("", last_step(path))
    return f"figures/{safe_name(f'{name[:LETTERS]}-{image_id}.{kind}')}"
