"""Runs that somebody prepared to do harm: one change to a sound run each, by name."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hostile import DEEP, HOSTILE_VALUES, MARK, as_json

from gnomon.classifier import Preprocessing
from gnomon.presets import Settings
from gnomon.runs import RunInfo
from gnomon.runs.figure_file import figure_file

Change = Callable[[Path], None]
"""Prepares a run folder. What lies beside it, in ``outside``, is the user's own."""

SIDE_FILES = (
    "evaluation/evaluation.json",
    "failures.jsonl",
    "heatmaps",
    "parts/gallery/gallery.json",
    "parts/keypoints.parquet",
    "parts/model.json",
    "parts/model.safetensors",
    "parts/searched.parquet",
    "review.jsonl",
    "salient/salient.csv",
)
FILES = ("run.json", "images", "keypoints", "inputs", "figures", *SIDE_FILES)
TEXTS = ("image_id", "path", "content_hash", "label", "fine_method")
ACCOUNT = [one.name for one in fields(RunInfo)]
SETTINGS = [one.name for one in fields(Settings)]
PREPROCESSING = [one.name for one in fields(Preprocessing)]
SETTINGS_THAT_NAME = ("fill", "fine", "engine", "target")
EVALUATION = (
    ("headline",),
    ("headline", "budget"),
    ("dataset",),
    ("evaluation",),
    ("evaluation", "methods"),
    ("evaluation", "methods", 0, "scores"),
    ("evaluation", "methods", 0, "scores", 0, "f1", "value"),
    ("sanity",),
    ("sanity", "stages"),
)
MODEL = ("classifier", "groups", "layers", "names", "version", "weights_sha256", "widths")
EVENT = ("kind", "image_id", "points", "x", "y", "name", "undoes", "at")
FAILURE = ("path", "error", "message")


def outside(run: Path) -> Path:
    """Return the folder of the user's own files, beside a run."""
    return run.parent / "mine"


def hostile_runs() -> Mapping[str, Change]:
    """Return every change by name."""
    found: dict[str, Change] = {}
    for name, change in (
        *_accounts(),
        *_plugs(),
        *_tables(),
        *_side_values(),
        *_files(),
        *_particular(),
    ):
        assert name not in found, name
        found[name] = change
    return found


def _in_turn() -> Callable[[], tuple[str, object]]:
    values = cycle(HOSTILE_VALUES.items())
    return lambda: next(values)


def _accounts() -> Iterator[tuple[str, Change]]:
    turn = _in_turn()
    places: list[tuple[str, ...]] = [(name,) for name in ACCOUNT]
    places += [("settings", name) for name in SETTINGS]
    places += [("preprocessing", name) for name in PREPROCESSING]
    for place in (*places, ("versions", "gnomon"), ("settings", "unheard_of"), ("unheard_of",)):
        what, value = turn()
        yield f"run.json {'.'.join(place)}: {what}", _json("run.json", place, value)
    for place in places[::2]:
        yield f"run.json {'.'.join(place)}: missing", _json("run.json", place, None, gone=True)


def _plugs() -> Iterator[tuple[str, Change]]:
    """Name code, files and models of somebody else's wherever a run names anything."""
    names = (f"{MARK}:run", f"os:system:touch {MARK}", "os:abort", f"runpy:run_path:{MARK}.py")
    hubs = (
        "hf/somebody/hostile",
        "timm/hf-hub:somebody/hostile",
        "torchvision/vgg19",
        "timm/vgg19",
    )
    for name, setting in zip((*names, names[0]), (*SETTINGS_THAT_NAME, "precision"), strict=True):
        yield f"plug in {setting}: {name}", _json("run.json", ("settings", setting), name)
    for name in names:
        yield f"plug as classifier: {name}", _json("run.json", ("classifier",), name)
        place = ("dataset",)
        yield f"plug as data set: {name}", _json("evaluation/evaluation.json", place, name)
    for name in (
        *hubs,
        "hf/../mine",
        "/etc/hostname.safetensors",
        "/dev/zero",
        "http://127.0.0.1:9",
    ):
        yield f"classifier: {name}", _json("run.json", ("classifier",), name)


def _tables() -> Iterator[tuple[str, Change]]:
    texts = {
        what: value
        for what, value in HOSTILE_VALUES.items()
        if isinstance(value, str) and not any(0xD800 <= ord(one) < 0xE000 for one in value)
    }
    turn = cycle(texts)
    for column in TEXTS:
        chosen = dict.fromkeys(("a path up", "an absolute path", "a URL", "markup"))
        while len(chosen) < 7:
            chosen[next(turn)] = None
        for what in chosen:
            yield f"images {column}: {what}", _cell("images", column, texts[what])
    whole = {
        "images": ("width", "height", "label_index", "n_candidates", "n_keypoints"),
        "keypoints": ("rank", "part"),
    }
    broken = {
        "images": ("probability", "seconds"),
        "keypoints": (
            "x",
            "y",
            "score",
            "confidence",
            "coarse",
            "fine",
            "cov_xx",
            "cov_xy",
            "cov_yy",
        ),
    }
    for numbers, values in ((whole, (-1, 2**31 - 1)), (broken, (np.nan, -1e300))):
        for table, columns in numbers.items():
            for column, number in product(columns, values):
                yield f"{table} {column}: {number}", _cell(table, column, number)
    for what in ("a path up", "markup"):
        yield f"keypoints kind: {what}", _cell("keypoints", "kind", texts[what])
    for what in ("a path up", "no text", "markup"):
        yield f"keypoints image_id: {what}", _cell("keypoints", "image_id", texts[what])
    for table in ("images", "keypoints"):
        yield f"{table}: no rows", _rows(table, lambda rows: rows.slice(0, 0))
        yield f"{table}: a row less", _rows(table, lambda rows: rows.slice(1))
        yield f"{table}: each row twice", _rows(table, lambda rows: pa.concat_tables([rows, rows]))
        yield f"{table}: backwards", _rows(table, _backwards)
        yield (
            f"{table}: a column missing",
            _rows(table, lambda rows: rows.drop_columns(["image_id"])),
        )
        yield f"{table}: other columns", _rows(table, lambda rows: pa.table({"x": [1]}))
        yield f"{table}: text for numbers", _rows(table, _as_text)
        yield f"{table}: nulls", _rows(table, _nulls)
        yield f"{table}: another codec", _rows(table, lambda rows: rows, compression="zstd")
        yield f"{table}: a million equal rows", _rows(table, _a_million)
        yield f"{table}: long text again and again", _rows(table, _long_text)
        yield f"{table}: no note", _rows(table, lambda rows: rows.replace_schema_metadata(None))
    notes = ('{"failures": [[1, 2]]}', "[" * DEEP, "{}", "\x00", '{"failures": [[-1, {}]]}')
    for number, note in enumerate(notes):
        yield (
            f"images: a hostile note {number}",
            _rows("images", partial(_noted, note)),
        )


def _noted(note: str, rows: pa.Table) -> pa.Table:
    return rows.replace_schema_metadata({b"gnomon": note})


def _side_values() -> Iterator[tuple[str, Change]]:
    turn = _in_turn()
    files: dict[str, Sequence[tuple[str | int, ...]]] = {
        "evaluation/evaluation.json": EVALUATION,
        "parts/model.json": [(one,) for one in MODEL],
        "review.jsonl": [(one,) for one in EVENT],
        "failures.jsonl": [(one,) for one in FAILURE],
    }
    for file, places in files.items():
        for place in places:
            what, value = turn()
            yield f"{file} {'.'.join(map(str, place))}: {what}", _json(file, place, value)


def _files() -> Iterator[tuple[str, Change]]:
    """Replace each file and folder of a run by what is none."""
    kinds: dict[str, Change] = {
        "missing": _gone,
        "empty": lambda path: _write(path, b""),
        "a folder": lambda path: (path / "x").mkdir(parents=True),
        "a FIFO": os.mkfifo,
        "a link to the user's folder": _link("folder"),
        "a device": lambda path: path.symlink_to("/dev/zero"),
        "bytes of any kind": _any_bytes,
    }
    turn = cycle(kinds.items())
    for name in FILES:
        yield f"{name}: cut short", _cut(name)
        yield f"{name}: a link to the user's file", _replaced(name, _link("precious.txt"))
        for _ in range(3):
            what, make = next(turn)
            yield f"{name}: {what}", _replaced(name, make)
    for name in (
        "report.html",
        "report-2.html",
        ".lock",
        "writer.json",
        "evaluation",
        "salient",
        "parts",
    ):
        yield f"{name} is a link out", _replaced(name, _link("precious.txt"))
        yield f"{name} is a link to a folder", _replaced(name, _link("folder"))
    yield "writer.json: not a lease", _replaced("writer.json", lambda p: p.write_bytes(b"[]"))


def _particular() -> Iterator[tuple[str, Change]]:
    yield "a figure that is no picture", _replaced("figures", _bad_figures)
    yield "a picture of classes that is no picture", _replaced("salient/objects", _bad_figures)
    yield "maps that unpack to gigabytes", _replaced("heatmaps", _zip_bombs)
    yield "maps that hold Python objects", _replaced("heatmaps", _pickles)
    yield "run.json nested deeply", _replaced("run.json", lambda p: p.write_text("[" * DEEP))
    yield "a part beside, by another name", _beside("images/x.parquet")
    yield "a part with a huge span", _beside("images/part-0000000000-9999999999.parquet")
    yield "a report of the user's own", lambda run: _write(run / "report-final.html", b"mine")
    yield "another photograph at the path", _other_photograph


def _json(file: str, place: tuple[str | int, ...], value: object, *, gone: bool = False) -> Change:
    def change(run: Path) -> None:
        path = run / file
        first, _, rest = (
            path.read_bytes().partition(b"\n") if file.endswith("l") else (b"", b"", b"")
        )
        whole: Any = json.loads(first or path.read_bytes())
        home = whole
        for step in place[:-1]:
            home = home[step]
        if gone:
            home.pop(place[-1], None)
        else:
            home[place[-1]] = value
        text = as_json(whole)
        path.write_bytes(text + b"\n" + rest if first else text)

    return change


def _parquet(run: Path, table: str) -> Path:
    return next((run / table).glob("*.parquet"))


def _rows(table: str, change: Callable[[pa.Table], pa.Table], **how: Any) -> Change:
    def changed(run: Path) -> None:
        path = _parquet(run, table)
        pq.write_table(change(pq.read_table(path)), path, **how)

    return changed


def _cell(table: str, column: str, value: object) -> Change:
    """Set one column of the first row."""

    def change(rows: pa.Table) -> pa.Table:
        at = rows.column_names.index(column)
        values = rows[column].to_pylist()
        values[0] = value
        return rows.set_column(
            at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type)
        )

    return _rows(table, change)


def _backwards(rows: pa.Table) -> pa.Table:
    return rows.take(list(range(rows.num_rows))[::-1])


def _as_text(rows: pa.Table) -> pa.Table:
    schema = pa.schema([pa.field(one.name, pa.string()) for one in rows.schema])
    return pa.table([rows[one.name].cast(pa.string()) for one in rows.schema], schema=schema)


def _nulls(rows: pa.Table) -> pa.Table:
    fields = [pa.field(one.name, one.type) for one in rows.schema]
    empty = {one.name: pa.nulls(rows.num_rows, one.type) for one in fields}
    return pa.table(empty, schema=pa.schema(fields)).replace_schema_metadata(rows.schema.metadata)


def _a_million(rows: pa.Table) -> pa.Table:
    return rows.take(np.zeros(1_000_000, dtype=np.int64))


def _long_text(rows: pa.Table) -> pa.Table:
    text = pa.array(["x" * 60_000] * 500)
    many = rows.take(np.zeros(500, dtype=np.int64))
    at = rows.column_names.index("image_id")
    return many.set_column(at, rows.schema.field(at), text)


def _replaced(name: str, make: Callable[[Path], object]) -> Change:
    """Put something else in place of a file, or of each file in a folder's stead."""

    def change(run: Path) -> None:
        path = run / name
        _gone(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)

    return change


def _gone(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _link(name: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(path.parents[_depth(path)] / "mine" / name)


def _depth(path: Path) -> int:
    """Return how many folders up the run's own folder is held."""
    return next(up for up, folder in enumerate(path.parents) if (folder / "mine").is_dir())


def _cut(name: str) -> Change:
    def change(run: Path) -> None:
        path = run / name
        files = [path] if path.is_file() else [one for one in path.iterdir() if one.is_file()]
        for file in files:
            file.write_bytes(file.read_bytes()[:-9])

    return change


def _any_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(4096))


def _bad_figures(path: Path) -> None:
    path.mkdir()
    (path / "001_x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 64)
    run = path.parent if path.name == "figures" else path.parents[1]
    for file in _figures(run):
        (path / file).write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 64)


def _zip_bombs(path: Path) -> None:
    path.mkdir()
    for image in _ids(path.parent):
        huge = np.zeros((20_000, 20_000), np.uint8)
        np.savez_compressed(path / f"{image}.npz", coarse=huge, fine=huge, confidence=huge)


def _pickles(path: Path) -> None:
    path.mkdir()
    for image in _ids(path.parent):
        objects = np.array([{1: 2}], dtype=object)
        np.savez(path / f"{image}.npz", coarse=objects, fine=objects, confidence=objects)


def _ids(run: Path) -> list[str]:
    ids: list[str] = pq.read_table(_parquet(run, "images"))["image_id"].to_pylist()
    return ids


def _figures(run: Path) -> list[str]:
    """Name the figures of a run's images."""
    table = pq.read_table(_parquet(run, "images"))
    columns = (table[name].to_pylist() for name in ("path", "image_id"))
    return [figure_file(*one).rpartition("/")[2] for one in zip(*columns, strict=True)]


def _beside(name: str) -> Change:
    def change(run: Path) -> None:
        for table in ("images", "keypoints"):
            target = run / name.replace("images", table)
            shutil.copy(_parquet(run, table), target)

    return change


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _other_photograph(run: Path) -> None:
    photograph = Path(pq.read_table(_parquet(run, "images"))["path"][0].as_py())
    shutil.copy(outside(run) / "secret.png", photograph)
