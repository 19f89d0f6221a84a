"""report.html: what was run, its numbers, and the figure of every image."""

from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from gnomon.report.templating import pages
from gnomon.runs import Run
from gnomon.runs.files import write_whole


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of the page; ``figure`` is the picture's address relative to the page."""

    path: str
    label: str
    probability: float
    n_keypoints: int
    n_candidates: int
    seconds: float
    figure: str | None


def write_report(run: Run) -> Path:
    """Write report.html into the run's folder and return its path."""
    html = (
        pages()
        .get_template("report.html")
        .render(
            info=run.info,
            settings=asdict(run.info.settings),
            preprocessing=asdict(run.info.preprocessing),
            entries=_entries(run),
            failures=run.failures,
        )
    )
    page = run.folder / "report.html"
    write_whole(page, html.encode("utf-8", "replace"))
    return page


def _entries(run: Run) -> list[Entry]:
    return [
        Entry(
            path=row["path"],
            label=row["label"],
            probability=row["probability"],
            n_keypoints=row["n_keypoints"],
            n_candidates=row["n_candidates"],
            seconds=row["seconds"],
            figure=_figure(run.folder, row["image_id"]),
        )
        for row in run.images.to_pylist()
    ]


def _figure(folder: Path, image_id: str) -> str | None:
    figure = Path("figures") / f"{image_id}.png"
    return quote(figure.as_posix()) if (folder / figure).exists() else None
