"""What must come of a file with one thing wrong: a refusal, or all that is right in it."""

import os
import random
from functools import partial

from hostile import settled

from mutated.subjects import Changed, Seen, Subject

MUTATIONS = int(os.environ.get("MUTATIONS", "25"))
"""How many changes of each format are drawn: 25, and 500 in `make fuzz`."""


def lost(sound: Seen, found: Seen, changed: Changed) -> list[str]:
    """List the images that are gone, or not what they were though nothing is wrong with them.

    Where something was told of what was left out, nothing is lost.
    """
    if found.told:
        return []
    return [
        name
        for name, points in sound.points.items()
        if found.points.get(name) != points
        and not (name == changed.image and (changed.gone or name in found.points))
    ]


def _read(subject: Subject, seen: list[Seen]) -> None:
    seen.append(subject.read())


def refused(subject: Subject, count: int = MUTATIONS) -> int:
    """Read so many changes of a format, of which none may lose anything; count the refusals."""
    sound = subject.read()
    assert sound.told == []
    assert len(sound.points) == 3
    assert all(sound.points.values())
    sentences = 0
    for number in range(count):
        subject.restore()
        changed = subject.change(random.Random(number))
        seen: list[Seen] = []
        try:
            said = settled(partial(_read, subject, seen))
            assert said is not None or lost(sound, seen[0], changed) == []
        except BaseException as error:
            error.add_note(f"change {number}, {changed}")
            raise
        sentences += said is not None
    return sentences
