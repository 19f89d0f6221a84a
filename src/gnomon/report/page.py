"""report.html: what was run, its numbers, and every image with its maps and keypoints.

Each page holds all that it shows; beyond ``IMAGES_A_PAGE`` images there are report-2.html and so
on, linked with each other, and each with an index of all images to sort and filter by.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gnomon.detector import Detector
from gnomon.errors import RunError
from gnomon.report.entries import make_entry
from gnomon.report.evidence import Maps
from gnomon.report.index import image_index
from gnomon.report.part_examples import part_rows
from gnomon.report.pictures import color_stops
from gnomon.report.sections import (
    class_rows,
    evaluation_pictures,
    method_table,
    numbers,
    salient_pictures,
    salient_table,
)
from gnomon.report.templating import pages
from gnomon.runs import Run
from gnomon.runs.by_image import points_by_image
from gnomon.runs.findings import RecordedEvaluation, read_evaluation
from gnomon.runs.photographs import Photographs
from gnomon.runs.store import LocalStore, Store
from gnomon.types import Landmarks

IMAGES_A_PAGE = 200
HEAD = 2000
"""Bytes in which a page says that gnomon wrote it."""
EARLIER = b"<title>gnomon: "
"""What pages of an earlier gnomon begin with, which did not say so."""


def write_report(
    run: Run,
    landmarks: Mapping[str, Landmarks] | None = None,
    detector: Detector | None = None,
    image_done: Callable[[], None] = lambda: None,
    photographs: Photographs | None = None,
) -> Path:
    """Write report.html into the run's folder, and further pages beside; return its path.

    ``landmarks`` are annotated points by image path. Maps that the run has not kept are computed
    again by ``detector`` where it is given; otherwise the figure that `detect` drew stands in.
    """
    photographs = photographs or Photographs()
    rows: list[dict[str, Any]] = run.images.to_pylist()
    points = points_by_image(run.keypoints)
    starts = range(0, max(1, len(rows)), IMAGES_A_PAGE)
    names = [_name(number) for number in range(len(starts))]
    store = LocalStore(run.folder)
    record = read_evaluation(store)
    template = pages().get_template("report.html")
    whole = _whole(run, store, record, photographs)
    index = image_index(rows, points) | {"pages": names, "page_size": IMAGES_A_PAGE}
    others = _others(store, names)
    with store.together() as files:
        for number, start in enumerate(starts):
            entries = []
            for row in rows[start : start + IMAGES_A_PAGE]:
                maps = Maps.of(run, row, detector, photographs)
                known = (landmarks or {}).get(row["path"])
                mine = points[row["image_id"]]
                entries.append(make_entry(run, row, mine, maps, known, photographs))
                image_done()
            html = template.render(
                **whole,
                entries=entries,
                script_entries=[
                    {"width": entry.width, "points": entry.points} for entry in entries
                ],
                index=index | {"page": number},
                names=names,
                number=number,
                first=start + 1,
                mark=_mark(number),
            )
            files.write(names[number], html.encode("utf-8", "replace"))
        for old in others:
            files.remove(old)
    return run.folder / names[0]


def _whole(
    run: Run, store: Store, record: RecordedEvaluation | None, photographs: Photographs
) -> dict[str, Any]:
    """Gather what is about the whole run, and the same on every page."""
    return {
        "info": run.info,
        "numbers": numbers(run),
        "settings": asdict(run.info.settings) | asdict(run.info.preprocessing),
        "classes": class_rows(run),
        "failures": run.failures,
        "stops": color_stops(),
        "salient": salient_table(store),
        "salient_pictures": salient_pictures(store),
        "record": record,
        "methods": None if record is None else method_table(record),
        "evaluation_pictures": evaluation_pictures(store),
        "parts": part_rows(run, photographs),
        "part_names": list(run.part_names),
    }


def _name(number: int) -> str:
    return "report.html" if number == 0 else f"report-{number + 1}.html"


def _mark(number: int) -> str:
    """Mark a page as written by gnomon, and under which name."""
    return f"gnomon report, {_name(number)}"


def _others(store: LocalStore, names: list[str]) -> list[str]:
    """Find the pages that an earlier, longer report left, by what they say of themselves.

    ``RunError`` where a file that gnomon did not write has the name of a page.
    """
    found = []
    for name in store.names():
        number = re.fullmatch(r"report(?:-([1-9]\d{0,5}))?\.html", name)
        if number is None:
            continue
        with store.open(name) as file:
            start = file.read(HEAD)
        if f'content="{_mark(int(number[1] or 1) - 1)}"'.encode() in start:
            found += [name] if name not in names else []
        elif name in names and EARLIER not in start:
            raise RunError(f"{store}/{name} is no page that gnomon wrote; move it away")
    return found
