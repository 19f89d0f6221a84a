"""A prediction that is unsure is said to be, wherever its keypoints are shown."""

from collections.abc import Callable
from pathlib import Path

import pytest

import gnomon
from gnomon.classifier.certainty import is_unsure, unsure_note
from gnomon.presets import Outputs
from gnomon.runs.records import probabilities

SAMPLES = Path(__file__).parents[2] / "samples"
QUICK = ("--device", "cpu", "--no-figures", "--preset", "fast")
RIVALS = "its 1,000 ImageNet classes"


@pytest.mark.parametrize(
    ("probability", "n_classes", "outputs", "unsure"),
    [
        (0.13, 1000, "logits", True),
        (0.2999, 1000, "logits", True),
        (0.31, 1000, "logits", False),
        (0.64, 2, "binary-logits", True),
        (0.66, 2, "binary-logits", False),
        (0.5, 2, "logits", True),
        (0.36, 10, "probabilities", True),
        (0.38, 10, "probabilities", False),
        (0.49, 80, "multilabel-logits", True),
        (0.51, 80, "multilabel-logits", False),
        (0.29, None, "logits", True),
        (0.3, None, "logits", False),
        (1.0, 1, "logits", False),
    ],
)
def test_unsure_is_what_lies_nearer_to_chance(
    probability: float, n_classes: int | None, outputs: Outputs, unsure: bool
) -> None:
    assert is_unsure(probability, n_classes, outputs) is unsure


def test_table_report_notebook_and_figure_say_which_image_is_unsure(
    tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    sure, unsure, out = SAMPLES / "macaw.jpg", SAMPLES / "rocket.jpg", tmp_path / "run"
    detector = gnomon.Detector(size=160, device="cpu", preset="fast")
    found = [detector(path) for path in (sure, unsure)]
    assert [one.probability > 0.3 for one in found] == [True, False]
    assert [one.unsure for one in found] == [False, True]
    titles = [one.figure().get_suptitle() for one in found]
    assert ["(unsure)" in title for title in titles] == [False, True]
    assert run("detect", sure, unsure, "--out", out, "--size", 160, 160, *QUICK) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "unsure of 1 of 2 images" in said
    assert RIVALS in said
    assert "--model" in said
    assert run("report", out) == 0
    page = (out / "report.html").read_text()
    assert page.count("<b>unsure</b>") == 1
    assert page.index("<b>unsure</b>") > page.index("macaw.jpg</span>")
    assert "unsure of 1 of 2 images" in page
    written = gnomon.read_run(out)
    assert written._repr_html_().count("(unsure)") == 1
    assert list(probabilities(out)) == [one.probability for one in found]


def test_a_class_that_was_asked_for_is_not_called_unsure(
    tmp_path: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--out", tmp_path / "run", "--size", 64, 64, "--label", "snorkel", *QUICK)
    assert run("detect", SAMPLES / "crab.jpg", *words) == 0
    assert "is unsure" not in capsys.readouterr().err
    assert not gnomon.Detector(size=160, label="snorkel")(SAMPLES / "crab.jpg").unsure


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((1, 1), "unsure of 1 of 1 image:"),
        ((1, 2), "unsure of 1 of 2 images:"),
        ((3, 1200), "unsure of 3 of 1,200 images:"),
    ],
)
def test_the_note_counts_in_words(counts: tuple[int, int], said: str) -> None:
    assert said in unsure_note(*counts, "embedded/efficientnet-lite0", 1000)
    own = unsure_note(*counts, "mine.safetensors", 12)
    assert "none of its 12 classes" in own
