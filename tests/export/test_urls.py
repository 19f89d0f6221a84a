"""Runs and photographs behind URLs."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.errors import RunError
from gnomon.export import export_run, open_contents
from gnomon.runs import read_run
from gnomon.runs.discovered import ASSIGNED


@pytest.fixture
def memory() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


def upload(run: Path, store: Any, url: str) -> None:
    for path in run.rglob("*"):
        if path.is_file():
            store.pipe(f"{url}/{path.relative_to(run)}", path.read_bytes())


@pytest.mark.parametrize("format_", ["coco", "csv"])
def test_a_run_behind_a_url_is_exported_as_one_here(
    format_: str, made: Callable[[str], Any], memory: Any, tmp_path: Path
) -> None:
    here = made("free").folder
    upload(here, memory, "memory://runs/free")
    ids = [record.image.image_id for record in open_contents(here)]
    rows = {"image_id": [ids[0], ids[0], ids[2]], "rank": [3, 1, 1], "part": [0, 1, 0]}
    table = pa.table(rows | {"score": [1.0, 1.0, 1.0]}, schema=ASSIGNED)
    (tmp_path / "run" / "parts").mkdir(parents=True)
    (tmp_path / "run" / "parts" / "model.json").write_text(json.dumps({"names": ["head", "tail"]}))
    pq.write_table(table, tmp_path / "run" / "parts" / "keypoints.parquet")
    upload(tmp_path / "run", memory, "memory://runs/free")
    shutil.copytree(here, tmp_path / "run", dirs_exist_ok=True)
    read = read_run("memory://runs/free")
    assert read.part_names == ("head", "tail")
    assert read.keypoints["part"].to_pylist() == [1, -1, 0, *[-1] * 5, 0]

    def written(run: str | Path, name: str) -> list[bytes]:
        out = export_run(run, format_, tmp_path / name).path
        files = [out] if out.is_file() else sorted(out.iterdir())
        return [path.read_bytes() for path in files]

    assert written("memory://runs/free", "far") == written(tmp_path / "run", "near")
    memory.pipe("memory://runs/free/parts/keypoints.parquet", b"broken")
    with pytest.raises(RunError, match=r"parts/keypoints\.parquet cannot be read.*gnomon parts"):
        list(open_contents("memory://runs/free"))
