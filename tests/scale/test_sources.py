"""Whatever `detect` is given is listed once, lazily, and read back as the same pictures."""

import csv
import io
import os
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import webdataset

import datasets
from gnomon.errors import DatasetError, ImageError
from gnomon.images import decode
from gnomon.limits import Limits
from gnomon.runs.listing import Input
from gnomon.scale import list_inputs
from gnomon.scale.reading import Reading

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = ("cat.jpg", "coffee.jpg", "macaw.jpg")
HASHES = [decode(SAMPLES / name).content_hash for name in NAMES]


def hashes(*given: object) -> list[str]:
    reading = Reading(Limits(), isolate=False)
    return [reading(one).content_hash for one in list_inputs(map(str, given))]


def paths(*given: object) -> list[str]:
    return [one.path for one in list_inputs(map(str, given))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    return tmp_path


def test_a_text_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["cat.jpg", "", f"file://{folder}/coffee.jpg\r", str(folder / "macaw.jpg"), "cat.jpg"]
    (folder / "list.txt").write_text("\n".join(lines))
    monkeypatch.chdir("/")
    assert hashes(folder / "list.txt") == HASHES
    assert hashes(f"file://{folder}/list.txt") == HASHES


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_table_as_text(folder: Path, suffix: str) -> None:
    odd = 'a "quoted",\nname ü.jpg'
    os.rename(folder / "coffee.jpg", folder / odd)
    with (folder / f"list.{suffix}").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, dialect="excel" if suffix == "csv" else "excel-tab")
        writer.writerows([["label", "file_name"], ["a", "cat.jpg"], ["b", odd], ["c", NAMES[2]]])
    assert hashes(folder / f"list.{suffix}") == HASHES
    (folder / "bad.csv").write_text("label,score\n1,2\n")
    with pytest.raises(DatasetError, match=r"its columns: label, score\. Name one of them path"):
        paths(folder / "bad.csv")


def test_a_parquet_list_and_a_parquet_of_images(folder: Path) -> None:
    pq.write_table(pa.table({"id": [1, 2, 3], "path": list(NAMES)}), folder / "list.parquet")
    assert hashes(folder / "list.parquet") == HASHES
    content = [(SAMPLES / name).read_bytes() for name in NAMES]
    pq.write_table(pa.table({"image": content}), folder / "bytes.parquet", row_group_size=2)
    assert hashes(folder / "bytes.parquet") == HASHES
    assert hashes(f"file://{folder}/bytes.parquet") == HASHES
    assert paths(folder / "bytes.parquet")[2] == f"{folder}/bytes.parquet#2"
    structs = [{"bytes": content[0], "path": None}, {"bytes": None, "path": "coffee.jpg"}]
    pq.write_table(pa.table({"photo": [*structs, None]}), folder / "structs.parquet")
    inputs = list(list_inputs([str(folder / "structs.parquet")]))
    reading = Reading(Limits(), isolate=False)
    assert [reading(one).content_hash for one in inputs[:2]] == HASHES[:2]
    with pytest.raises(ImageError, match=r"structs\.parquet#2: empty \(no value in column"):
        reading(inputs[2])
    with pytest.raises(ImageError, match="too large"):
        Reading(Limits(max_file_mb=1e-4), isolate=False)(inputs[0])
    (folder / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match=r"broken\.parquet: cannot be read as a table"):
        paths(folder / "broken.parquet")


def test_what_hugging_face_saved(folder: Path) -> None:
    features = datasets.Features({"label": datasets.Value("int64"), "photo": datasets.Image()})
    rows = {"label": [0, 1, 2], "photo": [str(folder / name) for name in NAMES]}
    made = datasets.Dataset.from_dict(rows, features=features)
    made = made.map(lambda row: row, writer_batch_size=2)
    made.to_parquet(folder / "hub.parquet")
    assert hashes(folder / "hub.parquet") == HASHES
    made.save_to_disk(folder / "saved")
    assert hashes(folder / "saved") == HASHES


def test_a_webdataset_archive(folder: Path) -> None:
    (folder / "shards").mkdir()
    for shard, names in enumerate((NAMES[:2], NAMES[2:])):
        with webdataset.TarWriter(str(folder / "shards" / f"{shard:04}.tar")) as writer:
            for name in names:
                content = (SAMPLES / name).read_bytes()
                writer.write({"__key__": Path(name).stem, "jpg": content, "cls": 3})
    assert hashes(folder / "shards" / "*.tar") == HASHES
    assert hashes(f"file://{folder}/shards/*.tar") == HASHES
    assert paths(folder / "shards" / "*.tar")[0].endswith("shards/0000.tar#cat.jpg")


def test_an_archive_with_evil_members_is_only_read(folder: Path) -> None:
    content = (SAMPLES / "cat.jpg").read_bytes()
    with tarfile.open(folder / "evil.tar", "w") as archive:
        for name in ("../../outside.jpg", "/absolute.jpg", "new\nline.jpg", "ordinary.txt"):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        device = tarfile.TarInfo("device.jpg")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    before = sorted(folder.rglob("*"))
    assert hashes(folder / "evil.tar") == [HASHES[0]] * 3
    assert sorted(folder.rglob("*")) == before
    with tarfile.open(folder / "packed.tar.gz", "w:gz") as archive:
        archive.add(folder / "cat.jpg")
    os.rename(folder / "packed.tar.gz", folder / "packed.tar")
    with pytest.raises(DatasetError, match="plain tar file"):
        paths(folder / "packed.tar")


def test_folders_and_globs_behind_urls(folder: Path) -> None:
    (folder / "sub").mkdir()
    os.rename(folder / "macaw.jpg", folder / "sub" / "macaw.jpg")
    assert hashes(f"file://{folder}") == HASHES
    assert hashes(f"file://{folder}/c*.jpg") == HASHES[:2]
    with fsspec.open("memory://box/a.jpg", "wb") as file:
        file.write((SAMPLES / "cat.jpg").read_bytes())
    assert hashes("memory://box/a.jpg") == HASHES[:1]
    assert paths("memory://box/none.jpg") == ["memory://box/none.jpg"]


def test_listing_is_lazy_and_each_image_is_listed_once(folder: Path) -> None:
    def endless() -> Iterator[str]:
        while True:
            yield str(folder)

    assert len(list(islice(list_inputs(endless()), 3))) == 3
    (folder / "link.jpg").symlink_to("cat.jpg")
    assert len(paths(folder, folder / "cat.jpg", folder / "*.jpg")) == 3


HOSTILE = [
    "new\nline.png",
    "quote'\".png",
    "🐦.png",
    "a" * 250 + ".png",
    "-dash.png",
    "$(touch x).png",
    "[b]old[bold.png",
    "back\\slash.png",
    os.fsdecode(b"not-utf8-\xff\xfe.png"),
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_names(tmp_path: Path, name: str) -> None:
    content = (SAMPLES / "cat.jpg").read_bytes()
    (tmp_path / name).write_bytes(content)
    (one,) = list_inputs([str(tmp_path)])
    assert one == Input(str(tmp_path / name))
    found = Reading(Limits(), isolate=False)(one)
    np.testing.assert_array_equal(found.rgb, decode(content).rgb)
