"""Files that tools gave back with one thing wrong: refused, or nothing else is lost."""

import json
from pathlib import Path

import pytest
from mutated.outcomes import refused
from mutated.subjects import imported

from gnomon.corrections import TOOLS
from gnomon.export import export_run


def given_back(tool: str, out: Path) -> Path:
    """Return the file that a tool gives back of an export in which nobody changed anything."""
    if tool == "cvat":
        return out / "annotations.xml"
    if tool == "label-studio":
        tasks = json.loads((out / "tasks.json").read_text())
        for task in tasks:
            task["annotations"] = task.pop("predictions")
        (out / "project.json").write_text(json.dumps(tasks))
        return out / "project.json"
    return out


@pytest.mark.parametrize("tool", TOOLS)
def test_one_wrong_thing_loses_nothing_else(tool: str, run: Path, tmp_path: Path) -> None:
    out = export_run(run, tool, tmp_path / "out").path
    assert refused(imported(tool, run, given_back(tool, out))) > 0
