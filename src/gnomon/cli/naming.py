"""How images that were left out are named: a count and the first few paths."""

from collections.abc import Sequence

NAMED = 3


def naming(paths: Sequence[str], what: str) -> str:
    """Count images and name the first of them.

    >>> naming(["a.jpg", "b.jpg", "c.jpg", "d.jpg"], "not in the data set")
    '4 images of the run are not in the data set: a.jpg, b.jpg, c.jpg and 1 more'
    """
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    images = "1 image of the run is" if len(paths) == 1 else f"{len(paths)} images of the run are"
    return f"{images} {what}: {', '.join(paths[:NAMED])}{more}"
