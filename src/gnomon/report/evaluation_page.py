"""evaluation.html: the same figures as evaluation.json, to look at, in one file."""

import math
from dataclasses import asdict

from matplotlib.figure import Figure

from gnomon.disk import Batch
from gnomon.evaluation.bootstrap import Interval
from gnomon.evaluation.evaluate import HEADLINE_ALPHA, HEADLINE_BUDGET
from gnomon.evaluation.sanity import GAMES
from gnomon.figures import png
from gnomon.report.evaluation_figures import budgets_figure, games_figure, shuffling_figure
from gnomon.report.evaluation_record import FOLDER, EvaluatedRun
from gnomon.report.pictures import data_uri
from gnomon.report.templating import pages


def write_page(files: Batch, evaluated: EvaluatedRun) -> None:
    """Write evaluation.html, and its pictures beside it."""
    evaluation, sanity = evaluated.evaluation, evaluated.sanity
    environment = pages()
    environment.filters |= {"share": share, "number": number}
    html = environment.get_template("evaluation.html").render(
        evaluated=evaluated,
        evaluation=evaluation,
        methods=evaluation.methods,
        budget=HEADLINE_BUDGET,
        budget_row=evaluation.budgets.index(HEADLINE_BUDGET),
        alpha=HEADLINE_ALPHA,
        settings=asdict(evaluated.run.settings) | asdict(evaluated.run.preprocessing),
        budgets_picture=_picture(files, "budgets.png", budgets_figure(evaluation)),
        sanity=sanity,
        games=GAMES,
        shuffling_picture=sanity and _picture(files, "shuffling.png", shuffling_figure(sanity)),
        games_picture=sanity and _picture(files, "games.png", games_figure(sanity)),
    )
    files.write(f"{FOLDER}/evaluation.html", html.encode("utf-8", "replace"))


def share(interval: Interval) -> str:
    """Write a share and its bounds.

    >>> share(Interval(0.731, 0.6, 0.8))
    '.731 (.60-.80)'
    """
    if math.isnan(interval.value):
        return "-"
    return f"{number(interval.value)} ({number(interval.low, 2)}-{number(interval.high, 2)})"


def number(value: float, digits: int = 3) -> str:
    """Write a number without the zero before its point.

    >>> number(0.5), number(-0.25, 2), number(1.0), number(-0.001, 2), number(float("nan"))
    ('.500', '-.25', '1.000', '.00', '-')
    """
    if math.isnan(value):
        return "-"
    written = f"{round(value, digits) + 0.0:.{digits}f}"
    return written.replace("0.", ".", 1) if written.lstrip("-").startswith("0.") else written


def _picture(files: Batch, name: str, figure: Figure) -> str:
    drawn = png(figure)
    files.write(f"{FOLDER}/{name}", drawn)
    return data_uri(drawn, "image/png")
