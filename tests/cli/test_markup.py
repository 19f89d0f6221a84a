"""What a terminal library reads as markup is printed as it is: tables, bars, warnings, errors."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from rich.console import Console

import gnomon.cli
from gnomon.cli.progress import Progress
from gnomon.cli.stages import Stages
from gnomon.cli.terminal import terminal
from gnomon.cli.training_table import training_table
from gnomon.occlusion.incremental.planned import Plan, PlannedNode
from gnomon.runs import Failure
from gnomon.training import Confusion

NAMES = (
    "[red]gull[/]",
    "gull:bird:",
    "[/]",
    "[link=a]b[/link]",
    ":warning: [bold]a",
    "a\\[b]",
    "[@click=x]a",
    "a\\",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [Progress, Stages])
def test_failures_sentences_and_bars(
    name: str, kind: type[Progress | Stages], capsys: pytest.CaptureFixture[str]
) -> None:
    with kind(quiet=False) as shown:
        shown.failed(Failure(name, "ImageError", f"damaged {name}"))
        shown.say(f"done again: {name}\nnext")
        shown.close_with(f"written to {name}")
    said = capsys.readouterr().err
    assert f"{name}: damaged {name}\n" in said
    assert f"done again: {name}\nnext\n" in said
    assert f"written to {name}\n" in said


@pytest.mark.parametrize("name", NAMES)
def test_a_bars_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with Stages(quiet=False) as stages:
        stages.show(name, 1, 2)
        file = io.StringIO()
        console = Console(file=file, width=200, color_system=None)
        console.print(stages._bars.get_renderable())
    assert name in file.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_tables(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    confusion = Confusion(np.eye(2, dtype=np.int64), ("other", name))
    screen = terminal(errors=False)
    screen.width = 160
    screen.print(training_table(confusion))
    assert name in capsys.readouterr().out
    nodes = (PlannedNode(name, name, "dense", None, None, None, 1, 1, name),)
    screen.print(Plan(nodes, 1, 1, 1, 1, 1))
    assert capsys.readouterr().out.count(name) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_errors(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (
        ("detect", f"./{name}", "--out", "new"),
        ("report", f"./{name}"),
        ("train", f"./{name}", "--out", "new"),
    ):
        assert run(*words) == 2
        assert name in capsys.readouterr().err


def test_no_verb_opens_a_console_that_reads_markup() -> None:
    cli = Path(gnomon.cli.__file__).parent
    opened = [path.name for path in cli.glob("*.py") if "Console(" in path.read_text()]
    assert opened == ["terminal.py"]


def test_a_broken_photograph_keeps_its_name(
    tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "[red]a:bird:.png").write_text("no image")
    PIL.Image.new("RGB", (20, 20)).save(folder / ":cat:.png")
    words = ("--model", "embedded/squeezenet1_1", "--device", "cpu", "--size", "64", "64")
    assert run("detect", folder, "--no-figures", "--out", tmp_path / "out", *words) == 1
    assert "[red]a:bird:.png" in capsys.readouterr().err
