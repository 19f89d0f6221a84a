import json
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from gnomon import Detector
from gnomon.datasets import PartPolygon, open_dataset
from gnomon.datasets.synthetic import write_synthetic
from gnomon.evaluation import check_sanity, evaluate
from gnomon.report import EvaluatedRun, write_evaluation
from gnomon.report.evaluation_figures import METHOD_COLORS, budgets_figure, method_look
from gnomon.runs import RunInfo


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> EvaluatedRun:
    folder = tmp_path_factory.mktemp("drawn")
    write_synthetic(folder, 4)
    samples = list(open_dataset(f"synthetic:{folder}"))
    detector = Detector(size=64, device="cpu")
    return EvaluatedRun(
        run=replace(RunInfo.of(detector, "default"), classifier="embedded/<b>"),
        dataset="synthetic:drawn",
        split=None,
        absent=("lost & found.png",),
        other_split=0,
        evaluation=evaluate(detector, samples, resamples=20),
        sanity=check_sanity(detector, [detector.load(samples[1].image)], stages=2),
    )


def test_the_record_is_strict_json_with_every_figure(
    evaluated: EvaluatedRun, tmp_path: Path
) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = write_evaluation(tmp_path, evaluated).with_suffix(".json").read_text()
    read = json.loads(text, parse_constant=refuse)
    assert read["headline"] == {"budget": 15, "alpha": 0.1}
    assert read["absent"] == ["lost & found.png"]
    for method, written in zip(
        evaluated.evaluation.methods, read["evaluation"]["methods"], strict=True
    ):
        cells = {(cell["budget"], cell["alpha"]): cell for cell in written["scores"]}
        for cell in method.scores:
            same = cells[cell.budget, cell.alpha]
            assert same["f1"]["value"] == cell.f1.value
            unknown = np.isnan(cell.error.value)
            assert same["error"]["value"] == (None if unknown else cell.error.value)
    assert evaluated.sanity is not None
    stages = read["sanity"]["stages"]
    assert [one["survived"] for one in stages] == [s.survived for s in evaluated.sanity.stages]


def test_the_page_stands_alone_and_shows_the_record(
    evaluated: EvaluatedRun, tmp_path: Path
) -> None:
    html = write_evaluation(tmp_path, evaluated).read_text()
    assert all(
        source.startswith("data:image/png;base64,")
        for source in re.findall(r'(?:src|href)="([^"]*)', html)
    )
    assert html.count("<img") == 3
    assert "embedded/&lt;b&gt;" in html
    assert "lost &amp; found.png" in html
    for method in evaluated.evaluation.methods:
        assert f"<td>{method.method}</td>" in html
    recall = evaluated.evaluation.methods[4].at(15, 0.1).recall.value
    assert f"{recall:.3f}".lstrip("0") in html
    assert "badge" in html


def test_a_page_without_sanity_and_one_without_landmarks(
    evaluated: EvaluatedRun, tmp_path: Path
) -> None:
    bare = replace(evaluated, sanity=None, split="test", other_split=7)
    html = write_evaluation(tmp_path, bare).read_text()
    assert html.count("<img") == 1
    assert "Sanity" not in html
    assert "split test" in html

    whole = PartPolygon("all", np.array([[-1.0, -1], [65, -1], [65, 65], [-1, 65]]))
    folder = tmp_path / "drawn"
    write_synthetic(folder, 2)
    outlined = [
        replace(one, landmarks=None, label=None, polygons=(whole,))
        for one in open_dataset(f"synthetic:{folder}")
    ]
    found = evaluate(Detector(size=64, device="cpu"), outlined, resamples=20)
    html = write_evaluation(tmp_path, replace(bare, evaluation=found)).read_text()
    assert "1.000 (1.00-1.00) of 15 points an image inside a part" in html
    assert "Part by part" not in html
    assert "<img" not in html
    assert ">nan" not in html


def test_methods_are_told_apart_by_more_than_color() -> None:
    seen = [method_look(number) for number in range(40)]
    for first, second in combinations(seen, 2):
        same = (first.color == second.color, first.marker == second.marker)
        assert sum((*same, first.dash == second.dash)) <= 1


@pytest.mark.parametrize("missing", ["red", "green"])
def test_their_colors_stay_apart_without_red_or_green(missing: str) -> None:
    """Viénot, Brettel and Mollon (1999): what is left of a color where a cone is missing."""
    share = {"red": (0.1124, 0.8876, 0.0040), "green": (0.2927, 0.7073, -0.0223)}[missing]
    for first, second in combinations(METHOD_COLORS, 2):
        apart = np.array(to_rgb(first)) ** 2.2 - np.array(to_rgb(second)) ** 2.2
        yellow = share[0] * apart[0] + share[1] * apart[1]
        blue = share[2] * (apart[0] - apart[1]) + apart[2]
        assert np.hypot(yellow, blue) > 0.05, (first, second)


def test_each_line_of_the_budgets_has_its_look(evaluated: EvaluatedRun) -> None:
    axes = budgets_figure(evaluated.evaluation).axes[0]
    lines = axes.get_lines()
    assert len(lines) == len(evaluated.evaluation.methods)
    for number, line in enumerate(lines):
        assert line.get_color() == method_look(number).color
        assert line.get_marker() == method_look(number).marker
