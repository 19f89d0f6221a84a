"""A run as a notebook shows it."""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnomon.runs.info import RunInfo
    from gnomon.runs.reader import Run

FIRST = 8


def shown(run: "Run") -> str:
    """Sum a run up in HTML: what was run, how much came of it, and its first images."""
    info, images = run.info, run.images
    failed = f", {len(run.failures)} failures" if run.failures else ""
    ended = "" if info.end else " (not complete)"
    aim = f", {info.settings.aim}" if info.settings.aim else ""
    rows = "".join(
        f"<tr><td>{escape(row['path'])}</td><td>{escape(row['label'])}</td>"
        f"<td>{_chance(info, row['probability'])}</td><td>{row['n_keypoints']}</td></tr>"
        for row in images.slice(0, FIRST).to_pylist()
    )
    more = images.num_rows - FIRST
    rest = f"<p>and {more} images more</p>" if more > 0 else ""
    return (
        f"<p><b>{run.keypoints.num_rows} keypoints in {images.num_rows} images</b>{failed}{ended},"
        f" by {escape(info.classifier)} with the preset “{escape(info.preset)}”{escape(aim)}:"
        f" {escape(str(run.folder))}</p>"
        "<table><thead><tr><th>image</th><th>class</th><th>probability</th><th>keypoints</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>{rest}"
    )


def _chance(info: "RunInfo", probability: float) -> str:
    return f"{probability:.1%}{' (unsure)' if info.unsure(probability) else ''}"
