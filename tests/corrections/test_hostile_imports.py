"""Tools' files that somebody prepared, or that another run was exported to."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pyarrow.parquet as pq
import pytest
from hostile import HOSTILE_VALUES, as_json, limited, mutations, settled, watched

from gnomon.cli.import_ import import_
from gnomon.corrections import Changes, read_corrections, write_corrections
from gnomon.datasets import open_dataset
from gnomon.errors import ExportError
from gnomon.export import export_run, open_contents
from gnomon.runs import RunInfo
from gnomon.runs.identity import run_id

FEWER = {
    what: value
    for what, value in HOSTILE_VALUES.items()
    if what.split()[0] in ("null", "true", "text", "400", "1e400", "NaN", "an", "nested", "half")
}
"""For an import reads the whole run each time."""
TEXTS = [value for value in HOSTILE_VALUES.values() if isinstance(value, str)]


def outcomes(run: Path, tool: str, file: Path, contents: Iterator[tuple[str, bytes]]) -> int:
    """Import each content of the file into a data set that can be opened; count the refused."""
    contents_of_run = open_contents(run)
    out, refused = file.with_name("corrected"), 0

    def work() -> None:
        found = read_corrections(contents_of_run, tool, file)
        write_corrections(found, contents_of_run, out)
        for sample in open_dataset(f"corrected:{out}"):
            assert sample.landmarks is not None
            assert np.isfinite(sample.landmarks.xy).all()

    with watched([file.parent]), limited(seconds=60, megabytes=150):
        for what, content in contents:
            shutil.rmtree(out, ignore_errors=True)
            file.write_bytes(content)
            try:
                refused += settled(work) is not None
            except BaseException as error:
                error.add_note(f"{tool}: {what}")
                raise
    return refused


def exported(run: Path, tool: str, folder: Path) -> Path:
    """Export a run as a tool gives it back, and return the file; the folder is new."""
    folder.mkdir()
    out = export_run(run, tool, folder / "out").path
    match tool:
        case "label-studio":
            tasks = json.loads((out / "tasks.json").read_bytes())
            for task in tasks:
                task["annotations"] = task.pop("predictions")
            (folder / "file").write_text(json.dumps(tasks))
        case "cvat":
            shutil.copy(out / "annotations.xml", folder / "file")
        case "coco":
            shutil.copy(out, folder / "file")
    return folder / "file"


@pytest.mark.parametrize("tool", ["label-studio", "coco"])
def test_each_field_of_a_json_file(tool: str, run: Path, tmp_path: Path) -> None:
    file = exported(run, tool, tmp_path / "given")
    changed = mutations(json.loads(file.read_bytes()), FEWER)
    contents = ((what, as_json(one)) for what, one in changed)
    assert outcomes(run, tool, file, contents) > 100


def test_each_attribute_of_cvat(run: Path, tmp_path: Path) -> None:
    file = exported(run, "cvat", tmp_path / "given")
    sound = file.read_text()

    def contents() -> Iterator[tuple[str, bytes]]:
        for tag, name in (
            ("image", "id"),
            ("image", "name"),
            ("image", "width"),
            ("image", "height"),
            ("points", "label"),
            ("points", "points"),
            ("points", "occluded"),
            ("attribute", "name"),
        ):
            pattern = re.compile(rf'(<{tag}\b[^>]*?\b{name}=)("[^"]*")')
            for what, value in FEWER.items():
                text = value if isinstance(value, str) else as_json(value).decode()
                for one in {text, f"{text},{text}"} if name == "points" else {text}:
                    quoted = quoteattr(one).replace("\\", "\\\\")
                    changed = pattern.sub(rf"\g<1>{quoted}", sound, count=1)
                    yield f"{tag} {name}: {what}", changed.encode("utf-8", "surrogatepass")
            yield f"{tag} {name}: missing", pattern.sub(r"<\1", sound, count=1).encode()
        for what in ("rank", "run"):
            for text in TEXTS:
                escaped = text.replace("&", "").replace("<", "").replace("\\", "")
                changed = re.sub(rf'name="{what}">[^<]*<', f'name="{what}">{escaped}<', sound)
                yield f"{what}: {text[:20]!r}", changed.encode("utf-8", "surrogatepass")

    assert outcomes(run, "cvat", file, contents()) > 50


IMAGE = '<image id="0" name="a.png" width="64" height="48">{}</image>'


@pytest.mark.parametrize(
    ("said", "document"),
    [
        ("document type", '<!DOCTYPE a [<!ENTITY e "a">]><annotations>&e;</annotations>'),
        ("document type", '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><annotations/>'),
        ("document type", '<!DOCTYPE a [<!ENTITY e SYSTEM "/etc/hostname">]><annotations/>'),
        ("undefined entity", f"<annotations>{IMAGE.format('&e;')}</annotations>"),
        ("deeper than 32", "<a>" * 100_000),
        ("deeper than 32", "<annotations>" + "<meta>" * 50),
        ("no element found", ""),
        ("no 'width'", "<annotations><image/></annotations>"),
        (
            "no 'name'",
            f"<annotations>{IMAGE.format('<points><attribute/></points>')}</annotations>",
        ),
        ("'images' in 'annotations'", "<annotations><images/></annotations>"),
        ("'point' in 'image'", f"<annotations>{IMAGE.format('<point/>')}</annotations>"),
        ("not well-formed", "\0" * 9),
    ],
)
def test_documents_that_are_refused(said: str, document: str, run: Path, tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]><annotations>&e12;</annotations>'
    for text in (document, bomb if "ENTITY" in document else document):
        (tmp_path / "a.xml").write_text(text)
        with watched([]), limited(seconds=5, megabytes=50):
            found = settled(
                lambda: read_corrections(open_contents(run), "cvat", tmp_path / "a.xml")
            )
        assert found is not None
        assert said in found


@pytest.mark.parametrize("tool", ["label-studio", "coco", "cvat"])
def test_what_stands_in_place_of_a_file(tool: str, run: Path, tmp_path: Path) -> None:
    contents = open_contents(run)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "device", "folder", "missing"):
        with watched([]), limited(seconds=5, megabytes=50):
            said = settled(lambda name=name: read_corrections(contents, tool, tmp_path / name))  # type: ignore[misc]  # a default binds the loop's
        assert said is not None


def another(run: Path, folder: Path) -> Path:
    """Make a run over the same photographs whose points lie elsewhere."""
    shutil.copytree(run, folder)
    file = folder / "keypoints" / "part-000000.parquet"
    points = pq.read_table(file)
    x = points["x"].to_numpy() + 5.0
    place = points.column_names.index("x")
    pq.write_table(points.set_column(place, points.schema.field("x"), [x]), file)
    replace(RunInfo.read(run), start="2001-01-01T00:00:00+00:00").write(folder)
    return folder


@pytest.mark.parametrize("tool", ["label-studio", "coco", "cvat"])
def test_another_runs_export_is_refused(tool: str, run: Path, tmp_path: Path) -> None:
    file = exported(another(run, tmp_path / "another"), tool, tmp_path / "given")
    wanted = run_id(RunInfo.read(run))
    with pytest.raises(ExportError, match=rf"exported from another run, run-\w+, .* is {wanted}"):
        read_corrections(open_contents(run), tool, file)
    mine = read_corrections(open_contents(tmp_path / "another"), tool, file)
    assert mine.of_this_run
    assert mine.changes == Changes(kept=18)
    copy = shutil.copytree(run, tmp_path / "copy")
    own = exported(run, tool, tmp_path / "own")
    assert read_corrections(open_contents(copy), tool, own).changes == Changes(kept=18)


def test_images_of_another_run_in_one_project_are_left_out(run: Path, tmp_path: Path) -> None:
    other = exported(another(run, tmp_path / "another"), "label-studio", tmp_path / "other")
    mine = exported(run, "label-studio", tmp_path / "mine")
    tasks = json.loads(mine.read_bytes())[:2] + json.loads(other.read_bytes())
    mine.write_text(json.dumps(tasks))
    found = read_corrections(open_contents(run), "label-studio", mine)
    assert found.changes == Changes(kept=12)
    assert found.unknown == ("a.png", "birds/a.png", "birds/b.png")


@pytest.mark.parametrize("tool", ["label-studio", "coco", "cvat"])
def test_a_file_that_names_no_run(
    tool: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nameless = re.compile(rb'(, )?"gnomon_run": "[^"]*"|<attribute name="run">[^<]*</attribute>')
    own = exported(run, tool, tmp_path / "own")
    own.write_bytes(nameless.sub(b"", own.read_bytes()).replace(b"{, ", b"{"))
    found = read_corrections(open_contents(run), tool, own)
    assert (found.of_this_run, found.changes) == (False, Changes(kept=18))
    import_(str(run), own, format=tool, out=tmp_path / "corrected")
    assert "names no run" in capsys.readouterr().err
    other = exported(another(run, tmp_path / "another"), tool, tmp_path / "other")
    other.write_bytes(nameless.sub(b"", other.read_bytes()).replace(b"{, ", b"{"))
    with pytest.raises(ExportError, match="none of its 18 points is where"):
        read_corrections(open_contents(run), tool, other)


def test_more_points_than_an_image_may_have(run: Path, tmp_path: Path) -> None:
    file = exported(run, "label-studio", tmp_path / "given")
    tasks = json.loads(file.read_bytes())
    tasks[0]["annotations"][0]["result"] *= 2000
    file.write_text(json.dumps(tasks))
    with pytest.raises(ExportError, match=r"has 12,000 points; at most 10,000"):
        read_corrections(open_contents(run), "label-studio", file)


def test_the_id_of_a_run_is_its_start_its_network_and_its_inputs(run: Path) -> None:
    info = RunInfo.read(run)
    assert re.fullmatch(r"run-[0-9a-f]{16}", run_id(info))
    assert run_id(info) == run_id(replace(info, end="2001-01-01T00:00:00+00:00", n_images=7))
    others = {"start": "2001-01-01T00:00:00+00:00", "inputs_sha256": "0", "weights_sha256": "1"}
    ids = {run_id(replace(info, **{name: value})) for name, value in others.items()}  # type: ignore[arg-type]  # all three are text
    assert len(ids | {run_id(info)}) == 4


@pytest.mark.parametrize("labels", [[], None, [""]], ids=str)
def test_a_point_of_label_studio_with_an_empty_label_is_a_point_without_a_name(
    labels: list[str] | None, run: Path, tmp_path: Path
) -> None:
    file = exported(run, "label-studio", tmp_path / "given")
    tasks = json.loads(file.read_bytes())
    regions = tasks[0]["annotations"][0]["result"]
    points = [one for one in regions if one["type"] == "keypointlabels"]
    points[0]["value"]["keypointlabels"] = labels
    del points[1]["value"]["keypointlabels"]
    file.write_text(json.dumps(tasks))
    found = read_corrections(open_contents(run), "label-studio", file)
    assert found.changes == Changes(kept=18)
    assert {point.name for one in found.images for point in one.points} == {"keypoint"}
