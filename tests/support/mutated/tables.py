"""Tables of text, and arrays on disk, with one thing wrong."""

import random
from io import BytesIO

import numpy as np
from scipy.io import savemat

from gnomon.types import Floats
from mutated.trees import TEXTS


def changed_table(text: str, separator: str, rng: random.Random) -> tuple[str, int]:
    """Return a table with one line or cell changed, and the number of the line."""
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    cells = lines[at].split(separator)
    cell = rng.randrange(len(cells))
    match rng.randrange(7):
        case 0:
            del lines[at]
        case 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        case 2:
            cut = rng.randrange(len(lines[at]) + 1)
            lines[at:] = [lines[at][:cut]]
        case 3:
            del cells[cell]
            lines[at] = separator.join(cells)
        case 4:
            cells.insert(cell, cells[cell])
            lines[at] = separator.join(cells)
        case _:
            cells[cell] = rng.choice(TEXTS)
            lines[at] = separator.join(cells)
    return "\n".join([*lines, ""]), at


def changed_mat(name: str, array: Floats, rng: random.Random) -> bytes:
    """Return a MATLAB file with one thing wrong with its array, its name or its bytes."""
    sink = BytesIO()
    wrong = array.copy()
    at = tuple(rng.randrange(side) for side in array.shape)
    match rng.randrange(6):
        case 0:
            wrong[at] = rng.choice([np.nan, np.inf, -np.inf, 1e300, -3e9])
        case 1:
            wrong = wrong[: at[0]]
        case 2:
            wrong = wrong.reshape(-1)
        case 3:
            name = f"{name}s"
        case 4:
            savemat(sink, {name: np.array([["x", 1.0]], dtype=object)})
            return sink.getvalue()
        case _:
            pass
    savemat(sink, {name: wrong})
    content = bytearray(sink.getvalue())
    if rng.random() < 0.3:
        del content[rng.randrange(len(content)) :]
    if rng.random() < 0.3 and content:
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def changed_rows(rows: list[int], rng: random.Random) -> bytes:
    """Return a list of row numbers as NumPy saves it, with one thing wrong."""
    sink = BytesIO()
    wrong: list[float] = list(rows)
    at = rng.randrange(len(wrong))
    match rng.randrange(4):
        case 0:
            wrong[at] = rng.choice([-1, 10**6, 2**62, 0.5, float("nan")])
        case 1:
            wrong.append(wrong[at])
        case 2:
            del wrong[at]
        case _:
            pass
    np.save(sink, np.array(wrong))
    content = sink.getvalue()
    return content[: rng.randrange(len(content))] if rng.random() < 0.3 else content
