"""The salient table without an annotator: parts that a run found stand for landmarks."""

from pathlib import Path

import numpy as np

from gnomon.errors import RunError
from gnomon.landmarks.histogram import count
from gnomon.landmarks.matched import Matched
from gnomon.landmarks.salient import OVERALL, Salient
from gnomon.runs import Run
from gnomon.runs.by_image import places, points_by_image
from gnomon.types import Landmarks

COLUMNS = ["image_id", "path", "content_hash", "label", "width", "height"]


def salient_parts(run: Run) -> Salient:
    """Find the part that each predicted class most often rests on.

    A part counts in an image where covering its keypoint costs at least as much of the class's
    probability as at half of the image's keypoints. ``RunError`` where the run has no parts.
    """
    if not run.part_names:
        raise RunError(
            f"{run.folder} has no parts yet; find them with `gnomon parts {run.folder}`, or give"
            " annotated landmarks with --dataset"
        )
    points = points_by_image(run.keypoints)
    images, bare = [], []
    for image in run.images.select(COLUMNS).to_pylist():
        rows = points[image["image_id"]]
        (xy, part, lost) = (
            places(rows),
            rows["part"].to_numpy(),
            np.nan_to_num(rows["coarse"].to_numpy()),
        )
        telling = lost >= (np.median(lost) if len(lost) else 0.0)
        with_part = np.flatnonzero((part >= 0) & telling)
        if not len(with_part):
            bare.append(image["path"])
            continue
        marks = Landmarks(
            xy=xy[with_part],
            ids=part[with_part].astype(np.int64),
            names=tuple(run.part_names[one] for one in part[with_part]),
            visible=np.ones(len(with_part), dtype=np.bool_),
            scale=float(max(image["width"], image["height"])),
        )
        images.append(
            Matched(
                image=Path(image["path"]),
                label=image["label"],
                xy=xy,
                landmarks=marks,
                assigned=np.arange(len(xy))[:, None] == with_part[None],
                recorded=(image["path"], image["content_hash"]),
            )
        )
    if not images:
        raise RunError(f"no keypoint of {run.folder} has a part; see `gnomon parts --help`")
    labels = sorted({image.label for image in images})
    return Salient(
        alpha=0.0,
        classes=tuple(count(one, [i for i in images if i.label == one]) for one in labels),
        overall=count(OVERALL, images),
        images=tuple(images),
        unknown=(),
        bare=tuple(bare),
    )
