"""A single file gets its format's ending where its name has none; all else is as the user said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnomon.errors import ExportError
from gnomon.export import EXPORTERS, export_run
from gnomon.export.registry import ENDINGS


@pytest.mark.parametrize("format_", EXPORTERS)
def test_every_single_file_has_an_ending(
    format_: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    done = export_run(made("free").folder, format_, tmp_path / "exp")
    assert list(tmp_path.iterdir()) == [done.path]
    assert done.path.is_file() == (format_ in ENDINGS)
    assert done.path.name == f"exp{ENDINGS.get(format_, '')}"


@pytest.mark.parametrize("format_", ENDINGS)
def test_a_name_with_an_ending_stays(
    format_: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    for name in (f"a{ENDINGS[format_]}", "b.txt", "c.v2", ".d.x"):
        assert export_run(made("free").folder, format_, tmp_path / name).path == tmp_path / name
    (tmp_path / "more.folders").mkdir()
    done = export_run(made("free").folder, format_, tmp_path / "more.folders" / "e")
    assert done.path == tmp_path / "more.folders" / f"e{ENDINGS[format_]}"


def test_what_is_there_stays_with_the_ending_too(
    made: Callable[[str], Any], tmp_path: Path
) -> None:
    (tmp_path / "exp.json").write_text("mine")
    with pytest.raises(ExportError, match=r"exp\.json is there already"):
        export_run(made("free").folder, "coco", tmp_path / "exp")
    assert (tmp_path / "exp.json").read_text() == "mine"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    with pytest.raises(ExportError, match="folder is there already"):
        export_run(made("free").folder, "coco", tmp_path / "folder")


def test_an_exporter_from_outside_writes_where_it_is_told(
    made: Callable[[str], Any], tmp_path: Path
) -> None:
    done = export_run(made("free").folder, "gnomon.export.coco:write_coco", tmp_path / "exp")
    assert done.path == tmp_path / "exp"
    assert json.loads(done.path.read_text())["images"]


@pytest.mark.parametrize("format_", sorted(set(EXPORTERS) - set(ENDINGS)))
def test_a_folder_is_not_called_like_a_file(
    format_: str, made: Callable[[str], Any], tmp_path: Path
) -> None:
    for name in ("tasks.json", "tasks.zip", "points.csv"):
        with pytest.raises(ExportError, match=rf"{format_} is written as a folder.*{name[:-4]}"):
            export_run(made("free").folder, format_, tmp_path / name)
    assert not list(tmp_path.iterdir())
    done = export_run(made("free").folder, format_, tmp_path / "birds.v2")
    assert done.path == tmp_path / "birds.v2"
