"""Secrets in URLs are used and never kept."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from answering import Server, answering
from drawn import drawn_info
from faulty import detect, photographs, rows

from gnomon.cli.detect import detect as detect_verb
from gnomon.errors import DatasetError, ImageError, RunError
from gnomon.images.hosts import Hosts
from gnomon.limits import Limits
from gnomon.runs import read_run, write_run
from gnomon.runs.listing import Input, Secrets, read_listing, write_listing
from gnomon.runs.store import open_store
from gnomon.scale import executor, list_inputs
from gnomon.scale.reading import Reading
from gnomon.scale.serial import SerialExecutor
from gnomon.tables import image_id

SECRETS = ("hunter2", "1f2e3d", "9a8b7c")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    files = {f"/{path.name}": path.read_bytes() for path in photographs(tmp_path / "in", 12)}
    with answering(files) as one:
        yield one


def urls(server: Server, token: str) -> list[str]:
    home = server.url.replace("://", "://me:hunter2@")
    names = [*sorted(server.files), "/gone.png"]
    return [f"{home}{name}?size=1&X-Amz-Date={token}&X-Amz-Signature={token}" for name in names]


def nothing_kept(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [one for one in SECRETS if one.encode() in content], path


@pytest.mark.parametrize("name", ["serial", "local"])
def test_a_run_of_signed_addresses_keeps_no_secret_and_goes_on_with_new_ones(
    server: Server, tmp_path: Path, name: str
) -> None:
    first, again, out = urls(server, "1f2e3d"), urls(server, "9a8b7c"), tmp_path / "run"
    hosts = Hosts.of([server.url])
    info = detect(first, out, executor(name, 1), hosts=hosts)
    assert (info.n_images, info.n_failures) == (12, 1)
    assert all("1f2e3d" in one for one in server.asked)
    nothing_kept(out)
    whole = rows(out)
    row = whole[0][0]
    mask = "?size=1&X-Amz-Date=***&X-Amz-Signature=***"
    assert row["path"].startswith("http://***@127.0.0.1:")
    assert {one["path"].partition(".png")[2] for one in whole[0]} == {mask}
    assert row["image_id"] == image_id(row["path"])
    (failure,) = read_run(out).failures
    assert failure.path.endswith(f"/gone.png{mask}")
    assert failure.message == f"{failure.path}: no such file; check the URL"

    (part,) = sorted((out / "images").glob("part-0000000000-0000000007-*"))
    part.unlink()
    server.asked.clear()
    server.files = {**server.files, "/gone.png": server.files["/00000.png"]}
    info = detect(again, out, executor(name, 1), resume=True, hosts=hosts)
    assert (info.n_images, info.n_failures) == (13, 0)
    assert len(server.asked) == 9
    assert all("9a8b7c" in one for one in server.asked)
    assert [one for one in rows(out)[0] if "gone" not in one["path"]] == whole[0]
    nothing_kept(out)
    with pytest.raises(RunError, match=r"12 now; the first that differs is number 12, then 'http"):
        detect(again[:-1], out, SerialExecutor(), resume=True, hosts=hosts)


def test_the_command_keeps_and_says_no_secret(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.txt").write_text("\n".join(urls(server, "1f2e3d")[-2:]))
    words = {"model": "embedded/squeezenet1_1", "size": (64, 64), "device": "cpu"}
    done = detect_verb((str(tmp_path / "list.txt"),), out=str(tmp_path / "refused"), **words)  # type: ignore[arg-type]
    assert (done.n_done, done.n_failed) == (0, 2)
    assert server.asked == []
    assert "give --fetch-from 127.0.0.1" in capsys.readouterr().err
    done = detect_verb(
        (str(tmp_path / "list.txt"),),
        out=str(tmp_path / "run"),
        fetch_from=(f"127.0.0.1:{server.port}",),
        **words,  # type: ignore[arg-type]
    )
    assert (done.n_done, done.n_failed) == (1, 1)
    said = capsys.readouterr()
    assert "gone.png" in said.err
    assert not [one for one in SECRETS if one in said.out + said.err]
    for name in ("refused", "run"):
        nothing_kept(tmp_path / name)


def test_the_listing_gives_back_what_it_was_given_but_for_secrets(tmp_path: Path) -> None:
    given = [
        Input("https://h/x.tar?sig=1f2e3d#a.jpg", "https://h/x.tar?sig=1f2e3d", 512, 9),
        Input("b.jpg"),
        Input("https://h/t.parquet?token=hunter2#3", "https://h/t.parquet?token=hunter2", row=3),
    ]
    found = {one.path: ImageError(one.path) for one in given}
    run = tmp_path / "run"
    write_run(run, drawn_info((8, 8)), found)
    (tmp_path / "listed").mkdir()
    store = open_store(tmp_path / "listed")
    write_listing(store, given)
    kept = list(read_listing(store, 0, 3))
    assert [one.path for one in kept] == [
        "https://h/x.tar?sig=***#a.jpg", "b.jpg", "https://h/t.parquet?token=***#3",
    ]  # fmt: skip
    assert [one.location for one in kept] == [
        "https://h/x.tar?sig=***",
        "",
        "https://h/t.parquet?token=***",
    ]
    secrets = Secrets(lambda: given)
    for number in (0, 2, 1, 0, 0, 2):
        assert secrets.restored(number, kept[number]) == given[number]
    for now in ([given[2]], []):
        with pytest.raises(RunError, match=r"input 0 was 'https.*is another now"):
            Secrets(lambda now=now: now).restored(0, kept[0])  # type: ignore[misc]
    nothing_kept(tmp_path)
    assert [
        json.loads(line)["path"] for line in (run / "failures.jsonl").read_text().splitlines()
    ] == [one.path for one in kept]


def test_two_images_that_only_a_secret_tells_apart_are_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        "https://h/a?token=1\nhttps://h/a?token=1\nhttps://h/b?key=1\nhttps://h/b?key=2"
    )
    listed = [one.path for one in list_inputs([str(tmp_path / "list.txt")])]
    assert listed == ["https://h/a?token=1", "https://h/b?key=1", "https://h/b?key=2"]
    with (tmp_path / "list.txt").open("a") as file:
        file.write("\nhttps://h/a?token=2")
    with pytest.raises(DatasetError, match=r"h/a\?token=\*\*\*: is listed twice, with two secrets"):
        list(list_inputs([str(tmp_path / "list.txt")]))


def test_a_tables_cells_lead_to_named_hosts_only(server: Server, tmp_path: Path) -> None:
    cell = {"bytes": None, "path": f"{server.url}/00003.png"}
    pq.write_table(pa.table({"image": [cell]}), tmp_path / "t.parquet")
    (one,) = list_inputs([str(tmp_path / "t.parquet")])
    with pytest.raises(ImageError, match=r"t\.parquet#0: not fetched, as 127\.0\.0\.1"):
        Reading(Limits(), isolate=False)(one)
    assert server.asked == []
    named = Hosts.of(hosts=["localhost"])
    assert Reading(Limits(), named, isolate=False)(one).size == (6, 6)
