"""Draws where parts that no one labeled lie among the points that people annotated.

The keypoints and the annotated points of many photographs are laid over the object that the part
model has learnt (see docs/parts.md), and turned so that it lies as it does in most photographs.
Dots are keypoints, a color for each part; words stand where the annotated points of that name are
in the median, left and right as one.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

from gnomon.datasets import Sample, open_dataset
from gnomon.evaluation.parts import SIDES
from gnomon.images import decode
from gnomon.parts import PartFinder, PartModel
from gnomon.parts.describe import ANCHORS, Descriptors, Places, look
from gnomon.parts.features import FeatureMaps
from gnomon.parts.layout import Pose, settle
from gnomon.runs import annotated, read_run, rebuild_detector
from gnomon.runs.discovered import points_and_parts
from gnomon.types import Floats

DOTS = 400
"""At most so many of a part's keypoints are drawn."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run whose parts were found (gnomon parts)")
    parser.add_argument("dataset", help="where its annotations are: FORMAT:FOLDER")
    parser.add_argument("out", type=Path, help="the picture to write")
    parser.add_argument("--model", help="where the run's classifier is")
    options = parser.parse_args()
    run = read_run(options.run)
    known = annotated(run, open_dataset(options.dataset))
    classifier = rebuild_detector(run.info, model=options.model).classifier
    model = PartModel.read(options.run / "parts")
    finder, features = PartFinder(model, classifier), FeatureMaps(classifier, model.layers)
    dots: dict[int, list[complex]] = defaultdict(list)
    words: dict[str, list[complex]] = defaultdict(list)
    turns = []
    xys = points_and_parts(run, np.array(known.image_ids))[0]
    for sample, xy in zip(known.samples, xys, strict=True):
        if not len(xy):
            continue
        picture = decode(sample.image)
        seen = look(features, picture, xy)
        pose = lay(model, seen.describe(xy[:ANCHORS]), seen.places(xy[:ANCHORS]))
        turns.append(complex(pose.turn[0]) * (-1 if pose.mirrored[0] else 1))
        for part, at in zip(
            finder.assign(picture, xy, "").part, pose.place(seen.places(xy)[None])[0], strict=True
        ):
            if part >= 0:
                dots[int(part)].append(complex(at))
        names, marks = landmarks(sample)
        for name, at in zip(names, pose.place(seen.places(marks)[None])[0], strict=True):
            words[name].append(complex(at))
    draw(dots, words, upright(np.array(turns)), options.out)


def lay(model: PartModel, descriptors: Descriptors, places: Places) -> Pose:
    """Lay an image's points over the object of the model's first group."""
    embedded = model.space.embed(descriptors)[None]
    known = np.ones((1, len(places)), np.bool_)
    return settle(model.groups[0].layout, embedded, places[None], known)


def landmarks(sample: Sample) -> tuple[list[str], Floats]:
    """Give the visible landmarks, their sides left out of the names, and where they are."""
    marks = sample.landmarks
    if marks is None:
        return [], np.empty((0, 2))
    names = [name for name, shown in zip(marks.names, marks.visible, strict=True) if shown]
    plain = [SIDES.sub("", name).replace("_", " ") for name in names]
    return plain, marks.xy[marks.visible]


def upright(turns: Places) -> complex:
    """Find the turn of the object that brings it to lie as in most photographs."""
    mean = (turns.conj() / np.abs(turns)).mean()
    return complex(mean / abs(mean))


def draw(
    dots: dict[int, list[complex]], words: dict[str, list[complex]], turn: complex, out: Path
) -> None:
    """Draw the object with y downwards, as images have it."""
    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    axes.set_prop_cycle(color=[plt.get_cmap("tab20")(part) for part in range(20)])
    for part in sorted(dots):
        at = np.array(dots[part][:DOTS]) * turn
        axes.scatter(at.real, at.imag, s=11, alpha=0.6, linewidths=0, label=f"part {part}")
    for name, places in words.items():
        at = np.array(places) * turn
        x, y = np.median(at.real), np.median(at.imag)
        axes.plot(x, y, "k+", markersize=8)
        edge = [withStroke(linewidth=3, foreground="white")]
        axes.annotate(
            name, (x, y), (4, 3), textcoords="offset points", fontsize=11, path_effects=edge
        )
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_axis_off()
    axes.legend(markerscale=2, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(out, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
