"""A gallery for each part: its crops over the data set, how often, and for which classes."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw

from gnomon.errors import ImageError
from gnomon.page_policy import page_policy
from gnomon.parts.describe import ANCHORS
from gnomon.parts.model import PartModel
from gnomon.parts.view import spread_of
from gnomon.runs import Run
from gnomon.runs.by_image import places, points_by_image
from gnomon.runs.discovered import FOLDER
from gnomon.runs.own_pictures import earlier_pngs, named_png
from gnomon.runs.photographs import Photographs
from gnomon.runs.store import LocalStore

CROPS, COLUMNS, TILE = 24, 8, 112
REACH = 0.7
"""Half a crop's side, in units of the keypoints' spread."""
RING = "#ff2d95"
STYLE = (
    "body{font:15px system-ui;margin:2em auto;max-width:62em;padding:0 1em}"
    "img{max-width:100%}h2{margin:1.5em 0 0}p{margin:.3em 0;color:#444}"
)


@dataclass(frozen=True, slots=True)
class ClassShare:
    """How many of a class's ``of`` images show a part, and that share."""

    label: str
    images: int
    of: int
    share: float


@dataclass(frozen=True, slots=True)
class PartPage:
    """One part: how often it was found, its mirror image (see ``PartModel.twin``), its picture.

    ``probability_lost`` is the mean of the coarse map at its keypoints.
    """

    part: int
    name: str
    file: str
    keypoints: int
    images: int
    share: float
    probability_lost: float
    twin: int
    classes: tuple[ClassShare, ...]


def write_gallery(
    run: Run,
    model: PartModel,
    done: Callable[[int, int], None] = lambda now, total: None,
    photographs: Photographs | None = None,
) -> tuple[PartPage, ...]:
    """Write parts/gallery/: a sheet of crops for each part, gallery.json and index.html.

    ``run`` is read after the parts were written into it.
    """
    rows = _rows(run)
    sheets = _crops(run, rows, done, photographs or Photographs())
    pages = tuple(_page(part, rows[part], run, model) for part in range(len(model)))
    store, home = LocalStore(run.folder), f"{FOLDER}/gallery"
    with store.together() as files:
        for page in pages:
            sheet = named_png(_sheet(sheets[page.part]), page.file)
            files.write(f"{home}/{page.file}", sheet)
        text = json.dumps({"parts": [asdict(one) for one in pages]}, indent=1, ensure_ascii=False)
        files.write(f"{home}/gallery.json", (text + "\n").encode())
        files.write(f"{home}/index.html", _html(pages).encode())
        for old in earlier_pngs(store, home, [page.file for page in pages]):
            files.remove(old)
    return pages


def _rows(run: Run) -> defaultdict[int, list[dict[str, Any]]]:
    """Sort the keypoints that have a part by it, in the run's order of images."""
    order = {key: row for row, key in enumerate(run.images["image_id"].to_pylist())}
    columns = run.keypoints.select(["image_id", "x", "y", "coarse", "part"]).to_pylist()
    rows: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(columns, key=lambda row: order[row["image_id"]]):
        if row["part"] >= 0:
            rows[row["part"]].append(row)
    return rows


def _crops(
    run: Run,
    rows: dict[int, list[dict[str, Any]]],
    done: Callable[[int, int], None],
    photographs: Photographs,
) -> defaultdict[int, list[PIL.Image.Image]]:
    """Cut out at most ``CROPS`` keypoints of each part, at even steps over the run."""
    wanted: defaultdict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for part, mine in rows.items():
        steps = np.linspace(0, len(mine) - 1, min(CROPS, len(mine))).round().astype(int)
        for step in steps:
            wanted[mine[step]["image_id"]].append((part, mine[step]))
    points = points_by_image(run.keypoints)
    names = ("image_id", "path", "content_hash")
    columns = (run.images[name].to_pylist() for name in names)
    recorded = {key: (path, pixels) for key, path, pixels in zip(*columns, strict=True)}
    crops: defaultdict[int, list[PIL.Image.Image]] = defaultdict(list)
    keys = [key for key in recorded if key in wanted]
    for number, key in enumerate(keys):
        try:
            picture = PIL.Image.fromarray(photographs.picture(*recorded[key]).rgb)
        except ImageError:  # named already, where parts were assigned
            continue
        reach = REACH * spread_of(places(points[key])[:ANCHORS])[1]
        for part, row in wanted[key]:
            crops[part].append(_crop(picture, row["x"], row["y"], reach))
        done(number + 1, len(keys))
    return crops


def _crop(picture: PIL.Image.Image, x: float, y: float, reach: float) -> PIL.Image.Image:
    left, top, right, bottom = map(round, (x - reach, y - reach, x + reach, y + reach))
    cut = picture.crop((left, top, right, bottom)).resize(
        (TILE, TILE), PIL.Image.Resampling.BICUBIC
    )
    draw = PIL.ImageDraw.Draw(cut)
    middle = TILE / 2
    for radius, color in ((8, "white"), (7, RING)):
        draw.ellipse(
            (middle - radius, middle - radius, middle + radius, middle + radius),
            outline=color,
            width=2,
        )
    return cut


def _sheet(crops: list[PIL.Image.Image]) -> PIL.Image.Image:
    rows = max(1, -(-len(crops) // COLUMNS))
    sheet = PIL.Image.new("RGB", (COLUMNS * TILE, rows * TILE), "white")
    for number, crop in enumerate(crops):
        sheet.paste(crop, (number % COLUMNS * TILE, number // COLUMNS * TILE))
    return sheet


def _page(part: int, rows: list[dict[str, Any]], run: Run, model: PartModel) -> PartPage:
    shown = {row["image_id"] for row in rows}
    labels = run.images["label"].to_pylist()
    of: defaultdict[str, list[bool]] = defaultdict(list)
    for key, label in zip(run.images["image_id"].to_pylist(), labels, strict=True):
        of[label].append(key in shown)
    shares = [
        ClassShare(label, sum(seen), len(seen), sum(seen) / len(seen)) for label, seen in of.items()
    ]
    lost = [row["coarse"] for row in rows if np.isfinite(row["coarse"])]
    return PartPage(
        part=part,
        name=model.names[part],
        file=f"part-{part:03}.png",
        keypoints=len(rows),
        images=len(shown),
        share=len(shown) / max(1, len(labels)),
        probability_lost=float(np.mean(lost)) if lost else 0.0,
        twin=model.twin(part),
        classes=tuple(sorted(shares, key=lambda one: (-one.share, -one.of, one.label))),
    )


def _html(pages: tuple[PartPage, ...]) -> str:
    def section(page: PartPage) -> str:
        twin = {-1: "", page.part: " · its own mirror image"}.get(
            page.twin, f" · mirror image: part {page.twin}"
        )
        classes = "; ".join(
            f"{escape(one.label)} {one.share:.0%} of {one.of}" for one in page.classes[:6]
        )
        return (
            f"<section><h2>{page.part} · {escape(page.name)}</h2>"
            f"<p>in {page.share:.0%} of the images, {page.keypoints} keypoints{twin}</p>"
            f'<img src="{page.file}" alt="crops of {escape(page.name)}"><p>{classes}</p></section>'
        )

    policy = page_policy(STYLE, images="'self' file:")  # the sheets beside it
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>Parts</title><style>{STYLE}</style>"
        f"<h1>{len(pages)} parts</h1>" + "".join(map(section, pages)) + "</html>\n"
    )
