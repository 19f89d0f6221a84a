"""Lists, tables and archives that somebody prepared: inputs, or one sentence, and nothing else."""

import csv
import io
import json
import random
import tarfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile import HOSTILE_VALUES, limited, mutations, settled, watched

from gnomon.images import Limits
from gnomon.runs.listing import Input
from gnomon.scale import list_inputs
from gnomon.scale.reading import Reading

MOST = 1000
TEXTS = [value for value in HOSTILE_VALUES.values() if isinstance(value, str)]
LOCAL = [text for text in TEXTS if "://" not in text]


def read(file: Path) -> list[Input]:
    """List a file's inputs and read the first few; one that cannot be read has its sentence."""
    found = list(islice(list_inputs([str(file)]), MOST))
    assert len(found) < MOST, "more inputs than it has bytes"
    reading = Reading(Limits(), isolate=False)
    for one in found[:5]:
        Input.from_row(dict(zip(_columns(), one.to_row(), strict=True)))
        settled(lambda one=one: reading(one))  # type: ignore[misc]  # a default binds the loop's
    return found


def _columns() -> tuple[str, ...]:
    return ("path", "location", "offset", "size", "row", "column", "landmarks")


def outcomes(folder: Path, name: str, contents: Iterator[tuple[str, bytes]]) -> int:
    refused = 0
    file = folder / name
    with watched([folder]), limited(seconds=60, megabytes=150):
        for what, content in contents:
            file.write_bytes(content)
            try:
                refused += settled(lambda: read(file)) is not None
            except BaseException as error:
                error.add_note(f"{name}: {what}")
                raise
    return refused


def test_lines_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("\n".join(LOCAL).encode("utf-8", "surrogatepass"))
    found = read(tmp_path / "list.txt")
    assert len(found) > len(LOCAL) - 3
    assert all(Path(one.path).is_absolute() for one in found)


def test_cells_of_a_csv(tmp_path: Path) -> None:
    def contents() -> Iterator[tuple[str, bytes]]:
        for text in LOCAL:
            sheet = io.StringIO(newline="")
            csv.writer(sheet).writerows([["label", "path"], ["a", text]])
            yield f"path {text[:20]!r}", sheet.getvalue().encode("utf-8", "surrogatepass")
            sheet = io.StringIO(newline="")
            csv.writer(sheet).writerows([["label", text], ["a", "b"]])
            yield f"header {text[:20]!r}", sheet.getvalue().encode("utf-8", "surrogatepass")
        yield "no header", b""
        yield "short rows", b"label,path\na\n\nb,c,d\n"
        yield "an open quote", b'path\n"a' + b"b" * 200_000
        yield "zero bytes", b"path\n\0\n"

    assert outcomes(tmp_path, "list.csv", contents()) > len(LOCAL)


def parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


def arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize(("suffix", "written"), [("parquet", parquet), ("arrow", arrow)])
def test_tables(suffix: str, written: Callable[[pa.Table], bytes], tmp_path: Path) -> None:
    sound = pa.table({"image": [b"abc"] * 5, "path": ["a.jpg"] * 5})
    note = {"info": {"features": {"image": {"_type": "Image"}}}}

    def contents() -> Iterator[tuple[str, bytes]]:
        whole = written(sound)
        for seed in range(150):
            rng = random.Random(seed)
            damaged = bytearray(whole)
            for _ in range(rng.choice([1, 2, 4])):
                damaged[rng.randrange(len(damaged))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
            yield f"seed {seed}", bytes(damaged)
            yield f"{seed} bytes", whole[: seed * 5]
        for what, changed in mutations(note, {"null": None, "text": "x", "a list": [1]}):
            meta = {"huggingface": json.dumps(changed)}
            yield what, written(sound.replace_schema_metadata(meta))
        for wrong in (b"{", b"[" * 100_000, b"\xff", b"9" * 5000):
            yield "note", written(sound.replace_schema_metadata({b"huggingface": wrong}))
        yield "two of a name", written(pa.table([["a.jpg"], [b"abc"]], names=["image", "image"]))
        yield "no column", written(pa.table({}))
        bad = pa.array([b"\xff\xfe"]).view(pa.string())
        yield "no UTF-8", written(pa.table({"path": bad}))
        for text in LOCAL:
            cells = text.encode("utf-8", "replace").decode()
            yield text[:20], written(pa.table({"path": [cells]}))
            struct = pa.array([{"bytes": None, "path": cells}])
            yield text[:20], written(pa.table({"photo": struct}))

    assert outcomes(tmp_path, f"list.{suffix}", contents()) > 100


def test_a_table_that_claims_more_rows_than_it_has_bytes(tmp_path: Path) -> None:
    file = tmp_path / "nothing.parquet"
    empty = pa.array([None] * 1_000_000, pa.binary())
    pq.write_table(pa.table({"image": empty}), file)
    assert file.stat().st_size < 10_000
    said = settled(lambda: read(file))
    assert said is not None
    assert "claims 1,000,000 rows" in said


def member(name: str, *, size: int = 3, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    one = tarfile.TarInfo(name)
    one.size, one.type, one.linkname = size, kind, link
    return one.tobuf(tarfile.GNU_FORMAT) + (b"abc" if size else b"").ljust(512, b"\0")


END = b"\0" * 1024


def test_members_of_an_archive(tmp_path: Path) -> None:
    sound = member("a.jpg")

    def contents() -> Iterator[tuple[str, bytes]]:
        for size in (2**33, 2**60, -1, -512, -(2**40)):
            yield f"{size} bytes", member("a.jpg", size=size) + sound + END
            for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE):
                yield f"{kind!r} of {size}", member("a.jpg", size=size, kind=kind) + sound + END
        for text in LOCAL:
            if text and "\0" not in text and len(text) < 90:
                yield text, member(f"{text}.jpg".encode("utf-8", "replace").decode()) + END
        deep = b"".join(member("a.jpg", kind=tarfile.XHDTYPE) for _ in range(3000))
        yield "headers of headers", deep + sound + END
        for seed in range(300):
            rng = random.Random(seed)
            damaged = bytearray(sound * 3 + END)
            for _ in range(rng.choice([1, 2, 4, 8])):
                damaged[rng.randrange(3 * len(sound))] = rng.choice([0, 0x30, 0x37, 0x80, 0xFF])
            yield f"seed {seed}", bytes(damaged)

    outcomes(tmp_path, "a.tar", contents())


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_an_archive_are_no_images(kind: bytes, tmp_path: Path) -> None:
    link = member("a.jpg", size=0, kind=kind, link="/etc/hostname")[:512]
    (tmp_path / "a.tar").write_bytes(link + member("b.jpg") + END)
    assert [one.path.rpartition("#")[2] for one in read(tmp_path / "a.tar")] == ["b.jpg"]


def test_an_archive_whose_headers_lead_back(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.write_bytes(member("a.jpg", size=-512) + member("b.jpg") + END)
    with limited(seconds=5):
        said = settled(lambda: read(file))
    assert said is not None
    assert "a.tar" in said


def test_the_sound_ones_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(member("a.jpg") + END)
    assert len(read(tmp_path / "a.tar")) == 1
    (tmp_path / "a.parquet").write_bytes(parquet(pa.table({"image": [b"abc"] * 5})))
    assert len(read(tmp_path / "a.parquet")) == 5
