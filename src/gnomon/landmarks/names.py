"""Landmarks named in a text, however many they are."""

from collections.abc import Sequence
from textwrap import wrap

from gnomon.figures import drawable
from gnomon.landmarks.matched import Landmark

NONE = "none found"


def named(landmarks: Sequence[Landmark]) -> str:
    """Name all of them.

    >>> named([Landmark(30, "Windscreen"), Landmark(52, "Bonnet")])
    '30, Windscreen; 52, Bonnet'
    """
    return "; ".join(map(str, landmarks)) or NONE


def named_lines(landmarks: Sequence[Landmark], width: int) -> list[str]:
    """Name all of them, for a figure, on lines of ``width``, each whole where it fits on one."""
    whole = "; ".join(drawable(str(one)).replace(" ", "\N{NO-BREAK SPACE}") for one in landmarks)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in wrap(whole or NONE, width)]
