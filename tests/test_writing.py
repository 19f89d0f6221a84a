"""What writes, makes, renames or removes files stands in one place: `gnomon.disk`."""

import ast
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "gnomon"

ALWAYS = {
    "write_bytes", "write_text", "mkdir", "makedirs", "mkdtemp", "mkstemp", "mkfifo", "unlink",
    "rmdir", "removedirs", "rmtree", "rename", "renames", "symlink", "symlink_to", "link",
    "hardlink_to", "link_to", "touch", "chmod", "chown", "copyfile", "copy2", "copytree", "move",
    "make_archive", "unpack_archive", "extractall", "NamedTemporaryFile", "TemporaryDirectory",
    "TemporaryFile", "SpooledTemporaryFile", "memmap", "open_memmap", "tofile", "save_file",
    "save_model", "savetxt", "imwrite", "imsave", "sendfile",
}  # fmt: skip
"""Names of calls that write, whatever they are given."""
INTO = {
    "save", "savefig", "savez", "savez_compressed", "write_table", "ParquetWriter", "CSVWriter",
    "to_csv", "to_hdf", "File", "HDFStore", "dump", "save_checkpoint", "connect",
    "CSVLogger", "ModelCheckpoint",
}  # fmt: skip
"""Names of calls that write into what they are given, which may be a path."""
BUFFERS = {"buffer", "picture", "sink", "content", "maps", "text", "store", "lasting", "target"}
"""What things that are no path are called."""

ALLOWED = {
    ("disk/here.py", "mkdir"): "the one place",
    ("disk/here.py", "rmdir"): "the one place: folders that it made, if they are empty",
    ("disk/here.py", "open"): "the one place",
    ("disk/here.py", "unlink"): "the one place",
    ("disk/here.py", "replace"): "the one place",
    ("disk/folder.py", "rmdir"): "the one place",
    ("disk/folder.py", "unlink"): "the one place",
    ("disk/folder.py", "ftruncate"): "the one place: as long as before, where adding failed",
    ("disk/folder.py", "fdopen"): "the one place: of a handle that is open already",
    ("disk/staging.py", "mkdir"): "the one place",
    ("disk/staging.py", "rmdir"): "the one place: an empty folder that gives way to an export",
    ("disk/staging.py", "rmtree"): "the one place: the staging folder that it made itself",
    ("disk/staging.py", "replace"): "the one place",
    ("runs/review_file.py", "truncate"): "a line that a crash cut short, of a file that it holds",
    ("runs/url_store.py", "TemporaryFile"): "nameless; what is appended to an object, until closed",
    ("runs/url_store.py", "makedirs"): "a folder of a store behind a URL, by a checked name",
    ("export/lasting.py", "truncate"): "a file of the staging folder, open already",
    ("export/features.py", "FileIO"): "of a handle that is open already",
    ("export/deeplabcut.py", "HDFStore"): "in memory only (H5FD_CORE without a file)",
    ("export/colmap.py", "connect"): "in the staging folder, which SQLite needs a path into",
    ("classifier/checkpoint.py", "save"): "into bytes",
    ("parts/model.py", "save"): "into bytes",
    ("images/read.py", "open"): "os.open, to read only",
    ("foreign.py", "open"): "os.open, to read only",
    ("export/deeplabcut.py", "rename"): "of a table's columns, not of a file",
    ("export/tables.py", "CSVWriter"): "into a file that is open already",
    ("training/pipeline.py", "save_checkpoint"): "gnomon's own, which writes through gnomon.disk",
    ("training/fitting.py", "ModelCheckpoint"): "writes through training/checkpoints.py",
    ("training/fitting.py", "CSVLogger"): "Lightning's, in a folder seen to hold no link",
    ("occlusion/incremental/machine.py", "mkdir"): "the user's own cache",
    ("occlusion/incremental/kept.py", "mkdir"): "the user's own cache",
    ("occlusion/incremental/kept.py", "mkstemp"): "the user's own cache",
    ("occlusion/incremental/kept.py", "fdopen"): "the user's own cache",
    ("occlusion/incremental/kept.py", "link"): "the user's own cache; the first one stays",
    ("occlusion/incremental/kept.py", "unlink"): "the user's own cache: its own file",
    ("web/exporting.py", "TemporaryDirectory"): "its own, for a download",
    ("web/exporting.py", "make_archive"): "into that folder",
}
"""Where such a call may stand, and why."""


def name_of(call: ast.Call) -> str:
    """Give the last word of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def writes(call: ast.Call) -> bool:
    """Tell whether a call writes to a file system, as far as its looks tell."""
    name, value = name_of(call), getattr(call.func, "value", None)
    module = getattr(value, "id", getattr(value, "attr", ""))
    if name in ALWAYS or (name.endswith("truncate") and value is not None):
        return True
    if name in ("open", "fdopen", "FileIO"):
        if module in ("webbrowser", "tarfile", "Image", "Database"):
            return False
        if module == "os" and name == "open":
            return True
        words = [one.value for one in [*call.args, *(k.value for k in call.keywords)]
                 if isinstance(one, ast.Constant) and isinstance(one.value, str)]  # fmt: skip
        return any(set(word) <= set("rwxabt+") and set(word) & set("wxa+") for word in words)
    if name == "replace":
        own = isinstance(call.func, ast.Attribute) and module not in ("dataclasses", "history")
        return module == "os" or (own and len(call.args) == 1 and not call.keywords)
    if name == "remove":
        return module == "os"
    if name in INTO and (name != "write_table" or module == "pq"):
        into = any(isinstance(one, ast.Name) and one.id in BUFFERS for one in call.args)
        return not into
    return False


def found_in(path: Path) -> Iterator[tuple[str, str]]:
    place = path.relative_to(SOURCE).as_posix()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and writes(node):
            yield place, name_of(node)


def test_nothing_writes_but_through_one_place() -> None:
    found = {one for path in SOURCE.rglob("*.py") for one in found_in(path)}
    assert found - set(ALLOWED) == set()
    assert set(ALLOWED) - found == set(), "what is allowed and does not occur"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path.write_text('x')", True),
        ("open(path, 'w')", True),
        ("path.open(mode='ab')", True),
        ("os.open(path, os.O_RDWR)", True),
        ("path.replace(other)", True),
        ("os.replace(a, b)", True),
        ("figure.savefig(path)", True),
        ("pq.write_table(table, path)", True),
        ("pq.write_table(table, sink)", False),
        ("open(path, 'rb')", False),
        ("text.replace('a', 'b')", False),
        ("dataclasses.replace(one, x=1)", False),
        ("figure.savefig(buffer, format='png')", False),
        ("os.remove(path)", True),
        ("names.remove(one)", False),
    ],
)
def test_what_writes_is_known_by_its_looks(text: str, expected: bool) -> None:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert writes(call) is expected


def test_make_clean_removes_what_make_made_and_no_results() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--dry-run", "clean"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=plain,
    )
    assert done.stdout.split("\n") == ["rm -rf .venv", ""]
    assert "rm" not in (ROOT / "Makefile").read_text().partition("demo: ")[2].partition("\n\n")[0]
