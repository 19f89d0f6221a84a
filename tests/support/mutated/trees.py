"""JSON and XML with one place changed: dropped, null, of another type, huge, doubled, renamed."""

import random
import xml.etree.ElementTree as ElementTree
from copy import deepcopy
from typing import Any

from hostile import Raw, as_json

VALUES: tuple[object, ...] = (
    *(None, True, "x", "", [], {}, [None], {"a": 1}, -1, 0.5, 2**31 + 1, 2**63, -1e9, 1e300),
    *(Raw("1e400"), Raw("NaN"), Raw("-Infinity"), Raw("9" * 400)),
)
TEXTS = ("", "x", "-1", "0.5", "nan", "inf", "1e400", "9" * 400, str(2**63), "null", "../a", "1;2")

Place = tuple[str | int, ...]


def changed_json(value: object, rng: random.Random) -> tuple[bytes, Place, bool]:
    """Return JSON with one place changed, the place, and whether it is gone.

    The place is the empty one where the text was cut.
    """
    places = _places(value)
    place = rng.choice(places)
    if rng.random() < 0.05:
        whole = as_json(value)
        return whole[: rng.randrange(len(whole) - 1)], (), False
    copy: Any = deepcopy(value)
    home = copy
    for step in place[:-1]:
        home = home[step]
    last = place[-1]
    choice = rng.randrange(6)
    match choice:
        case 0:
            del home[last]
        case 1 if isinstance(last, str):
            home[rng.choice([last.upper(), f"{last}_", f"{last}s"])] = home.pop(last)
        case 1 | 2 if isinstance(last, int):
            home.insert(last, deepcopy(home[last]))
        case _:
            home[last] = rng.choice(VALUES)
    return as_json(copy), place, choice == 0


def _places(value: object, here: Place = ()) -> list[Place]:
    entries: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    found: list[Place] = []
    for key, inner in entries:
        found += [(*here, key), *_places(inner, (*here, key))]
    return found


def changed_xml(content: bytes, rng: random.Random) -> tuple[bytes, str | None, bool]:
    """Return XML with one thing changed, the image it is in, and whether that is gone."""
    if rng.random() < 0.05:
        return content[: rng.randrange(len(content) - 1)], None, False
    root = ElementTree.fromstring(content)
    parents = {inner: outer for outer in root.iter() for inner in outer}
    one = rng.choice(list(parents))
    image = next((up for up in _upwards(one, parents) if up.tag == "image"), None)
    touched = None if image is None else image.attrib["name"]
    name = rng.choice(list(one.attrib) or [""])
    choice = rng.randrange(6)
    match choice:
        case 0:
            parents[one].remove(one)
        case 1:
            parents[one].append(deepcopy(one))
        case 2:
            one.tag = f"{one.tag}s"
        case 3 if name:
            one.attrib[f"{name}s"] = one.attrib.pop(name)
        case 4 if name:
            del one.attrib[name]
        case _ if name:
            one.attrib[name] = rng.choice(TEXTS)
        case _:
            one.text = rng.choice(TEXTS)
    return ElementTree.tostring(root), touched, choice == 0 and one.tag == "image"


def _upwards(
    one: ElementTree.Element, parents: dict[ElementTree.Element, ElementTree.Element]
) -> list[ElementTree.Element]:
    found = [one]
    while found[-1] in parents:
        found.append(parents[found[-1]])
    return found
