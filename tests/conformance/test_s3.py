"""A store that speaks S3, on this machine: for the inputs and for the run folder."""

from pathlib import Path
from typing import Any

import pytest
from faulty import detect, photographs, rows

from gnomon.errors import RunError
from gnomon.runs import lock, read_run
from gnomon.runs.url_store import UrlStore
from gnomon.scale import executor, list_inputs
from gnomon.scale.serial import SerialExecutor

BUCKET = "photographs"


@pytest.fixture
def folder(s3: Any, tmp_path: Path) -> str:
    """Put 40 pictures there, and what a serial run on this machine finds in them here."""
    detect(photographs(tmp_path / "in", 40), tmp_path / "whole", SerialExecutor())
    s3.makedirs(BUCKET, exist_ok=True)
    s3.put(str(tmp_path / "in"), f"{BUCKET}/{tmp_path.name}", recursive=True)
    return f"s3://{BUCKET}/{tmp_path.name}"


def found(out: Path | str) -> list[tuple[str, str, float]]:
    return sorted(
        (Path(row["path"]).name, row["content_hash"], row["probability"]) for row in rows(out)[0]
    )


@pytest.mark.parametrize("name", ["serial", "local"])
def test_a_run_from_a_bucket_to_a_bucket(folder: str, tmp_path: Path, s3: Any, name: str) -> None:
    inputs = [one.path for one in list_inputs([folder])]
    assert inputs == [f"{folder}/{number:05}.png" for number in range(40)]
    out = f"{folder}-{name}/run"
    info = detect(inputs, out, executor(name, 1))
    assert (info.n_images, info.n_failures) == (40, 0)
    assert found(out) == found(tmp_path / "whole")
    s3.rm(s3.glob(f"{out}/images/part-0000000008-0000000015-*.parquet"))
    with pytest.raises(RunError, match="not empty"):
        detect(inputs, out, SerialExecutor())
    with pytest.raises(RunError, match=r"40 then, 39 now; .*number 39"):
        detect(inputs[:-1], out, SerialExecutor(), resume=True)
    detect([*inputs], out, SerialExecutor(), resume=True)
    assert found(out) == found(tmp_path / "whole")
    assert read_run(out).info.end is not None


def test_what_fails_is_named_in_the_bucket(folder: str, s3: Any) -> None:
    inputs = [one.path for one in list_inputs([folder])]
    s3.rm(inputs[7])
    info = detect(inputs, f"{folder}-failed", SerialExecutor())
    assert (info.n_images, info.n_failures) == (39, 1)
    (failure,) = read_run(f"{folder}-failed").failures
    assert failure.path == inputs[7]
    assert "no such file" in failure.message


def test_a_second_writer_is_refused_and_a_dead_one_replaced(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "BEAT", 0.5)
    store = UrlStore(f"{folder}-held")
    with (
        lock.locked(store),
        pytest.raises(RunError, match="is being written by another process"),
        lock.locked(UrlStore(f"{folder}-held")),
    ):
        pass
    store.write("writer.json", b'{"writer": "dead", "beat": 3}')
    with lock.locked(store):
        assert b"dead" not in store.read("writer.json")
    assert store.names() == []
