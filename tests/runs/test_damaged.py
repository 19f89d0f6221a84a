"""What is damaged of a run is told by `check_run`, and done again by whoever goes on with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawn import drawn_info, found_points

from gnomon.errors import RunError
from gnomon.runs import read_run
from gnomon.runs.check import check_run
from gnomon.runs.committed import NOTE, Gathering
from gnomon.runs.listing import Input
from gnomon.runs.writer import run_folder
from gnomon.tables import KEYPOINTS

N = 20
"""Three parts."""


def work(folder: Path, *, resume: bool = True) -> tuple[str, ...]:
    """Do what is left of a run; give what was found damaged."""
    inputs = [Input(f"{number}.jpg") for number in range(N)]
    with run_folder(folder, drawn_info((4, 6)), lambda: inputs, resume=resume) as run:
        for shard in run.todo():
            gathering = Gathering()
            for number, one in shard.inputs:
                gathering.add(one.path, found_points(number % 5, number))
            run.record(gathering.commit(run.store, shard.span))
    return run.damaged


def rows(folder: Path) -> str:
    run = read_run(folder)
    return f"{run.images.to_pylist()} {run.keypoints.to_pylist()}"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    work(tmp_path / "run", resume=False)
    return tmp_path / "run"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def cut_to_a_byte(path: Path) -> None:
    path.write_bytes(b"P")


def cut_from_within(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + content[200:])


def flip(path: Path) -> None:
    """Change one bit of the first page."""
    content = bytearray(path.read_bytes())
    content[60] ^= 4
    path.write_bytes(content)


def other_rows(path: Path) -> None:
    """Write another point, as a Parquet file that is sound."""
    table = pq.read_table(path)
    for name, value in (("x", 0.25), ("probability", 0.25), ("offset", 7)):
        if name in table.column_names:
            at, field = table.column_names.index(name), table.schema.field(name)
            table = table.set_column(at, field, pa.array([value] * len(table), field.type))
    pq.write_table(table, path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "cut": cut,
    "a byte": cut_to_a_byte,
    "cut within": cut_from_within,
    "a bit": flip,
    "other rows": other_rows,
    "no Parquet": lambda path: path.write_bytes(b"PAR1" * 100),
    "another table": lambda path: pq.write_table(pa.table({"a": [1]}), path),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("table", ["keypoints", "images", "inputs"])
def test_what_is_damaged_is_told_and_done_again(run: Path, table: str, damage: str) -> None:
    before = rows(run)
    assert check_run(run).faults == ()
    path = sorted((run / table).iterdir())[0 if table == "inputs" else 1]
    DAMAGES[damage](path)
    found = check_run(run)
    assert len(found.faults) == 1
    assert found.n_left == (0 if table == "inputs" else 8)
    if (table, damage) not in (("images", "gone"), ("inputs", "other rows")):
        assert path.name in found.faults[0]
    assert len(work(run)) == (
        0 if table == "inputs" or (table, damage) == ("images", "gone") else 1
    )
    assert rows(run) == before
    assert check_run(run).faults == ()
    assert [path.name for path in run.rglob(".*")] == []


def test_an_empty_run_folder_of_keypoints_is_done_again(run: Path) -> None:
    before = rows(run)
    for path in (run / "keypoints").iterdir():
        path.unlink()
    (run / "keypoints").rmdir()
    assert len(check_run(run).faults) == 3
    assert len(work(run)) == 3
    assert rows(run) == before


def test_a_link_in_a_part_s_place_is_neither_read_nor_removed(run: Path, tmp_path: Path) -> None:
    path = sorted((run / "keypoints").iterdir())[0]
    path.rename(tmp_path / "mine.parquet")
    path.symlink_to(tmp_path / "mine.parquet")
    assert any("link" in fault for fault in check_run(run).faults)
    with pytest.raises(RunError, match="leads out of its folder by a link"):
        work(run)
    assert path.is_symlink()
    assert (tmp_path / "mine.parquet").exists()


def test_a_linked_listing_is_not_emptied(run: Path, tmp_path: Path) -> None:
    """Nor are files in inputs/ removed that gnomon did not write."""
    (run / "inputs").rename(tmp_path / "mine")
    (tmp_path / "mine" / "precious.txt").write_text("mine")
    (run / "inputs").symlink_to(tmp_path / "mine")
    record = json.loads((run / "run.json").read_text()) | {"n_inputs": None, "inputs_sha256": None}
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="inputs leads out of its folder by a link"):
        work(run)
    assert len(list((tmp_path / "mine").iterdir())) == 2
    (run / "inputs").unlink()
    (tmp_path / "mine").rename(run / "inputs")
    (run / "run.json").write_text(json.dumps(record))
    work(run)
    assert (run / "inputs" / "precious.txt").read_text() == "mine"


def test_a_part_of_an_earlier_gnomon_is_kept(run: Path) -> None:
    """Its digest was of its files, and its pages have no checksum."""
    before = rows(run)
    for path in sorted((run / "images").iterdir()):
        table = pq.read_table(path)
        note = json.loads(table.schema.metadata[NOTE])
        del note["digest"]
        name = path.name[:-24] + "0" * 16 + ".parquet"
        pq.write_table(table.replace_schema_metadata({NOTE: json.dumps(note)}), path)
        path.rename(path.with_name(name))
        other = run / "keypoints" / path.name
        pq.write_table(pq.read_table(other, schema=KEYPOINTS), other)
        other.rename(other.with_name(name))
    assert check_run(run).faults == ()
    assert work(run) == ()
    assert rows(run) == before


def test_what_lies_beside_is_checked_too(run: Path) -> None:
    (run / "heatmaps").mkdir()
    (run / "heatmaps" / "0123456789abcdef.npz").write_bytes(b"PK")
    (run / "figures").mkdir()
    (run / "figures" / "0123456789abcdef.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (run / "review.jsonl").write_bytes(b"{}\n")
    (run / "failures.jsonl").write_bytes(b"[1]\n")
    (run / "evaluation").mkdir()
    (run / "evaluation" / "evaluation.json").write_bytes(b"{}")
    (run / "images" / "mine.txt").write_text("mine")
    said = " ".join(check_run(run).faults)
    for name in (".npz", ".png", "review.jsonl", "failures.jsonl", "evaluation.json", "mine.txt"):
        assert name in said
    assert len(check_run(run).faults) == 6
    with pytest.raises(RunError, match=r"no run\.json"):
        check_run(run / "images")
