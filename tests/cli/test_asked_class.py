"""Keypoints of a class that is named, or of the most probable ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gnomon
from gnomon.classifier.names import class_index
from gnomon.errors import SettingError, nearest_names
from gnomon.runs import rebuild_detector
from gnomon.types import Floats

SAMPLES = Path(__file__).parents[2] / "samples"
CAT, MACAW = SAMPLES / "cat.jpg", SAMPLES / "macaw.jpg"
QUICK = ("--device", "cpu", "--size", "64", "64", "--no-figures", "--preset", "fast")


def places(run: Path) -> Floats:
    points = gnomon.read_run(run).keypoints
    xy: Floats = np.stack([points["x"].to_numpy(), points["y"].to_numpy()], axis=1)
    return xy


@pytest.mark.parametrize("label", ["lorikeet", "Lorikeet", "90"])
def test_a_run_for_a_named_class_holds_the_keypoints_that_python_finds_for_it(
    tmp_path: Path, run: Callable[..., int], label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("detect", MACAW, CAT, "--out", tmp_path / "run", "--label", label, *QUICK) == 0
    written = gnomon.read_run(tmp_path / "run")
    assert written.images["label"].to_pylist() == ["lorikeet", "lorikeet"]
    detector = gnomon.Detector(size=64, device="cpu", preset="fast")
    image = detector.load(MACAW)
    named, predicted = detector.detect(image, label_index=90), detector.detect(image)
    mine = places(tmp_path / "run")[: len(named.keypoints)]
    np.testing.assert_array_equal(mine, named.keypoints.xy)
    assert predicted.label_index != 90
    assert written.images["probability"][0].as_py() == named.probability < predicted.probability
    assert f"for the class {label}" in capsys.readouterr().err
    again = rebuild_detector(written.info).detect(image)
    np.testing.assert_array_equal(again.keypoints.xy, named.keypoints.xy)


def test_top_writes_a_run_for_each_of_the_most_probable_classes(
    tmp_path: Path, run: Callable[..., int]
) -> None:
    assert run("detect", MACAW, CAT, "--out", tmp_path / "runs", "--top", 3, *QUICK) == 0
    detector = gnomon.Detector(size=64, device="cpu", preset="fast")
    for at, path in enumerate((MACAW, CAT)):
        chances = detector.classifier.probabilities(detector.load(path).pixels[None])[0]
        wanted = chances.argsort(descending=True)[:3].tolist()
        runs = [gnomon.read_run(tmp_path / "runs" / f"top-{rank}") for rank in (1, 2, 3)]
        assert [one.images["label_index"][at].as_py() for one in runs] == wanted
    assert [one.info.settings.label_rank for one in runs] == [1, 2, 3]
    assert run("report", tmp_path / "runs" / "top-2") == 0
    assert "class number 2" in (tmp_path / "runs" / "top-2" / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--label", "lorikete"), "did you mean 'lorikeet'"),
        (("--label", "1000"), "unknown class '1000'"),
        (("--label", "cat"), "'Egyptian cat'"),
        (("--top", "0"), "top is 0"),
        (("--top", "1001"), "the classifier has 1000 classes"),
        (("--top", "2", "--label", "crab"), "leave out label"),
        (("--label", "crab", "--label-rank", "2"), "give one of the two"),
    ],
)
def test_what_is_no_class_is_refused_before_a_run_is_made(
    tmp_path: Path,
    run: Callable[..., int],
    words: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("detect", CAT, "--out", tmp_path / "run", *words, *QUICK) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_a_name_of_two_classes_asks_for_a_number() -> None:
    with pytest.raises(SettingError, match=r"2 classes of the name 'crane'.*: 0 and 2"):
        class_index("crane", ["crane", "gull", "crane"])


def test_the_exact_name_goes_before_the_letters_case_and_both_before_a_number() -> None:
    assert class_index("Bow", ["bow", "Bow"]) == 1
    assert class_index("BOW", ["arrow", "Bow"]) == 1
    assert class_index("0", ["7", "0"]) == 1


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ("cat", "tiger cat"),
        ("snorkl", "snorkel"),
        ("Retriver", "retriever"),
        ("pole", "totem pole"),
    ],
)
def test_near_names_are_spelled_alike_or_hold_what_was_given(given: str, first: str) -> None:
    names = ["crate", "tiger cat", "snorkel", "retriever", "totem pole", "tench"]
    assert nearest_names(given, names)[0] == first
