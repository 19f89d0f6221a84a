"""What else CVAT gives: a zip and a video's tracks are refused in one sentence."""

import zipfile
from pathlib import Path

import pytest

from gnomon.corrections.cvat import read_cvat
from gnomon.errors import ExportError

IMAGE = '<image id="0" name="a.png" width="4" height="4"/>'
TRACK = '<track id="0" label="beak"><points frame="0" outside="0" points="1,2"/></track>'


def test_a_zip_says_what_to_unpack(tmp_path: Path) -> None:
    file = tmp_path / "task.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("annotations.xml", f"<annotations>{IMAGE}</annotations>")
    with pytest.raises(ExportError, match=r"is a zip; unpack it and give the annotations\.xml"):
        read_cvat(file)


@pytest.mark.parametrize("content", [TRACK, IMAGE + TRACK, "<track/>"])
def test_tracks_say_how_to_export(content: str, tmp_path: Path) -> None:
    file = tmp_path / "annotations.xml"
    file.write_text(f"<annotations>{content}</annotations>")
    with pytest.raises(ExportError, match=r"tracks; export the task as CVAT for images 1\.1"):
        read_cvat(file)
