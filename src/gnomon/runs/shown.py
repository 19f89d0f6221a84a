"""A run as a notebook shows it."""

from typing import TYPE_CHECKING

from gnomon.showing import ROWS, html_table, html_text

if TYPE_CHECKING:
    from gnomon.runs.info import RunInfo
    from gnomon.runs.reader import Run


def shown(run: "Run") -> str:
    """Sum a run up in HTML: what was run, how much came of it, and its first images."""
    info, images = run.info, run.images
    rows = [
        [
            row["path"],
            row["label"],
            _chance(info, row["probability"]),
            str(row["n_keypoints"]),
        ]
        for row in images.slice(0, ROWS).to_pylist()
    ]
    more = images.num_rows - ROWS
    rest = f"<p>and {more} images more</p>" if more > 0 else ""
    said = f"{info.made}: {run.folder}"
    return (
        f"<p><b>{html_text(info.counted)}</b>, {html_text(said)}</p>"
        f"{html_table(['image', 'class', 'probability', 'keypoints'], rows)}{rest}"
    )


def _chance(info: "RunInfo", probability: float) -> str:
    return f"{probability:.1%}{' (unsure)' if info.unsure(probability) else ''}"
