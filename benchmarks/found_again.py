"""What a keypoint owes its user: found again, known how well, on the object, proved, in time.

Every row is printed beside its goal; the benchmark ends with 1 where one is below. Photographs are
those of the training split of ``cub10`` and of ``car_parts``, at even steps, as they are when their
longer side is 320 px; each is warped twice by a similarity with light and noise. Drawn shapes and a
drawn class (``known_truth.py``) have known places.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from default_preset import photographs
from gnomon import Detector
from gnomon.datasets import Sample
from gnomon.evaluation import score_inside
from gnomon.evaluation.methods import keeping_all
from gnomon.evaluation.randomization import randomized, weighted_layers
from gnomon.evaluation.repeatability import (
    CALIBRATED,
    WITHIN_95,
    Again,
    Finder,
    best_apart,
    found_again,
    rivals,
    summarize,
)
from gnomon.evaluation.survival import survival
from gnomon.evaluation.warps import Rgb, similarity
from gnomon.images import decode, find_images
from gnomon.localize import localize
from gnomon.occlusion import IncrementalEngine, prepare_engine, window_grid
from gnomon.presets import changes_to
from gnomon.prove import prove
from gnomon.structure import structure, structure_peaks
from gnomon.types import Floats, Keypoints
from known_truth import look, trained, unseen
from measure import DATA, MAP_PEAKS, alternate, ratios, record

SIDE, COUNT, BEST = 320, 15, 10
KINDS = ("corner", "blob", "ridge")
SAMPLES = Path(__file__).parents[1] / "samples"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure and its goal; ``most`` where it must not be larger."""

    name: str
    value: float
    goal: float | None = None
    most: bool = False

    @property
    def holds(self) -> bool:
        """Whether the goal is met."""
        if self.goal is None:
            return True
        return self.value <= self.goal if self.most else self.value >= self.goal


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="of each data set")
    parser.add_argument("--data", type=Path, default=DATA, help="holds cub10 and car_parts")
    options = parser.parse_args()
    torch.set_num_threads(2)
    chosen = photographs(options.data, options.images)
    detector = Detector()
    rows: list[Row] = []

    def say(more: list[Row]) -> None:
        for row in more:
            goal = "" if row.goal is None else f"{'<=' if row.most else '>='} {row.goal:g}"
            print(f"{row.name:64} {row.value:7.3f}  {goal} {'' if row.holds else 'BELOW'}")
        sys.stdout.flush()
        rows.extend(more)

    say(time_rows(detector))
    say(engine_rows())
    say(drawn_rows())
    say([Row("drawn class: a keypoint within 4 px of what decides", near(), 0.95)])
    say(photograph_rows(detector, chosen))
    say(sample_rows(detector))
    say(proof_rows(detector, chosen["cub10 train"]))
    say(sanity_rows(detector, chosen))
    missed = [row.name for row in rows if not row.holds]
    record(
        "found_again",
        {
            "claim": f"{len(rows) - len(missed)} of {len(rows)} rows hold",
            "images": {name: len(some) for name, some in chosen.items()},
            "missed": missed,
            "results": [asdict(row) for row in rows],
        },
        ("timm", "torchvision"),
    )
    return 1 if missed else 0


def small(sample: Sample) -> Rgb:
    """Decode a photograph at the size of the protocol."""
    return decode(sample.image).within(SIDE).rgb


def finder(detector: Detector) -> Finder:
    """Make the detector's way to all its candidates."""
    wide = keeping_all(detector)
    return lambda rgb: wide(rgb).keypoints


def pairs_of(find: Finder, pictures: list[Rgb]) -> list[tuple[Again, Keypoints, Keypoints]]:
    """Find the points of each photograph and of its two warps, and match them."""
    pairs = []
    for number, rgb in enumerate(pictures):
        random = np.random.default_rng(number)
        size = (rgb.shape[1], rgb.shape[0])
        before = find(rgb)
        for _ in range(2):
            warp = similarity(size, random)
            after = find(warp.picture(rgb))
            pairs.append((found_again(before, after, warp, size), before, after))
    return pairs


def photograph_rows(detector: Detector, chosen: dict[str, list[Sample]]) -> list[Row]:
    """Measure what is found again, covariances, kinds, and the cars' share inside a part."""
    rows = []
    pictures = {name: [small(one) for one in samples] for name, samples in chosen.items()}
    every = [rgb for some in pictures.values() for rgb in some]
    mine = pairs_of(finder(detector), every)
    for name, find in rivals().items():
        other = summarize(name, "similarity", [pair for pair, _, _ in pairs_of(find, every)])
        rows += [
            Row(f"{name}: found again within {within} px of 320", other.found[place].value)
            for place, within in ((1, 2), (3, 8))
        ]
    ours = summarize("gnomon", "similarity", [pair for pair, _, _ in mine])
    rows += [
        Row("found again within 2 px of 320", ours.found[1].value, 0.80),
        Row("found again within 8 px of 320", ours.found[3].value, 0.87),
        Row("median error, px of 320", ours.error),
        Row("errors inside the 95 % ellipse", ours.held, 0.90),
        Row("errors inside the 95 % ellipse, at most", ours.held, 0.98, most=True),
    ]
    best = [best_apart(before, COUNT) for _, before, _ in mine[::2]]
    kinds = np.concatenate([one.kind for one in best])
    covariances = np.concatenate([one.covariance for one in best])
    rows += [
        Row("finite covariance", float(np.isfinite(covariances).all(axis=(1, 2)).mean()), 1.0),
        Row("kind corner or blob", float(np.isin(kinds, ("corner", "blob")).mean()), 0.60),
    ]
    for kind in KINDS:
        held = np.concatenate(
            [
                pair.held[best_apart(before).kind[pair.pairs[:, 0]] == kind]
                for pair, before, _ in mine
            ]
        )
        held = held[np.isfinite(held)]
        deviation = np.sqrt(np.linalg.eigvalsh(covariances[kinds == kind]))
        axes = np.median(deviation, axis=0) if len(deviation) else np.full(2, np.nan)
        rows.append(Row(f"{kind}: median standard deviation, short axis, px", float(axes[0])))
        rows.append(Row(f"{kind}: median standard deviation, long axis, px", float(axes[1])))
        if len(held) >= 30:
            rows.append(Row(f"{kind}: inside the ellipse", float(held.mean()), 0.90))
    found = [keeping_all(detector)(str(one.image)).keypoints for one in chosen["car_parts"]]
    outlines = [one.polygons for one in chosen["car_parts"]]
    (inside,) = score_inside(found, outlines, (COUNT,))
    rows.append(Row("cars: inside a part, 15 points", inside.share.value, 0.82))
    return rows


def sample_rows(detector: Detector) -> list[Row]:
    """Measure what is found again at a photograph's own size, in its own pixels."""
    pictures = [decode(path).rgb for path in find_images([SAMPLES])]
    pictures = [rgb for rgb in pictures if max(rgb.shape) >= 600]
    pairs = [pair for pair, _, _ in pairs_of(finder(detector), pictures)]
    mine = summarize("gnomon", "similarity", pairs)
    return [
        Row("samples of 600 to 800 px: found again within 1 px", mine.found[0].value, 0.80),
        Row("samples of 600 to 800 px: found again within 2 px", mine.found[1].value, 0.83),
    ]


def shapes() -> dict[str, Callable[[Floats, Floats, Floats, float], Floats]]:
    """Name drawn shapes: whether pixels (x, y) are inside, given a place and a turn."""

    def wedge(opening: float) -> Callable[[Floats, Floats, Floats, float], Floats]:
        return lambda x, y, at, turn: (
            (np.arctan2(y - at[1], x - at[0]) - turn) % (2 * np.pi) <= opening
        )

    def disc(radius: float) -> Callable[[Floats, Floats, Floats, float], Floats]:
        return lambda x, y, at, turn: np.hypot(x - at[0], y - at[1]) <= radius

    return {
        "corners of 60°": wedge(np.pi / 3),
        "corners of 90°": wedge(np.pi / 2),
        "corners of 120°": wedge(2 * np.pi / 3),
        "discs of radius 2.5": disc(2.5),
        "discs of radius 4": disc(4),
    }


def drawn_rows() -> list[Row]:
    """Measure how often the ellipse holds the true place of drawn shapes, at three noises."""
    rows = []
    random = np.random.default_rng(0)
    side, fine = 48, 8
    ys, xs = (np.mgrid[: side * fine, : side * fine] + 0.5) / fine - 0.5
    for name, inside in shapes().items():
        held, errors = [], []
        for noise in (0.01, 0.02, 0.04) * 50:
            at = 24 + random.uniform(-0.5, 0.5, 2)
            share = inside(xs, ys, at, random.uniform(0, 6)).reshape(side, fine, side, fine)
            gray = 0.2 + 0.6 * gaussian_filter(share.mean(axis=(1, 3)), 0.7)
            gray = (gray + random.normal(0, noise, gray.shape)).astype(np.float32)
            xy, strength = structure_peaks(structure(gray))
            close = np.hypot(*(xy - at).T) < 6
            if not close.any():
                continue
            found = localize(gray, xy[close][[strength[close].argmax()]], np.array([4.0]))
            error = found.xy[0] - at
            errors.append(float(np.hypot(*error)))
            if errors[-1] <= CALIBRATED:
                held.append(error @ np.linalg.solve(found.covariance[0], error) <= WITHIN_95)
        rows.append(Row(f"drawn {name}: median error, px", float(np.median(errors))))
        rows.append(Row(f"drawn {name}: inside the ellipse", float(np.mean(held)), 0.90))
    return rows


def near() -> float:
    """Share of drawn images with a keypoint within 4 px of the middle of what decides."""
    drawings = unseen()
    found = [look(Detector(trained(seed), coarse="map"), drawings).near for seed in range(2)]
    return float(np.mean(found))


def proof_rows(detector: Detector, birds: list[Sample]) -> list[Row]:
    """Compare the drops of the best keypoints with those of random points on the bird."""
    best, anywhere, shares = [], [], []
    engine = prepare_engine(detector.classifier)
    for number, sample in enumerate(birds):
        found = detector(str(sample.image))
        if len(found.keypoints) < BEST or not len(sample.boxes):
            continue
        random = np.random.default_rng(number)
        left, top, width, height = sample.boxes[0]
        xy = [left, top] + random.uniform(size=(BEST, 2)) * [width, height]
        proof = prove(
            detector.classifier,
            engine,
            found.image,
            found.image.to_file.inverse().apply(xy),
            found.label_index,
            patch=detector.settings.patch,
            fill=detector.settings.fill,
            seed=detector.settings.seed,
        )
        best.append(found.keypoints.coarse[:BEST].mean())
        anywhere.append(proof.mean.mean())
        shares.append(found.keypoints.proved.mean())
    return [
        Row(
            "drop of the 10 best points over that of 10 random ones on the bird",
            float(np.mean(best) / np.mean(anywhere)),
            4.0,
        ),
        Row("mean drop of the 10 best points", float(np.mean(best))),
        Row("share of keypoints that are proved", float(np.mean(shares))),
    ]


def sanity_rows(detector: Detector, chosen: dict[str, list[Sample]]) -> list[Row]:
    """Count the points that stay with shuffled weights, beside peaks of the map."""
    samples = [one for some in chosen.values() for one in some[:10]]
    rows = []
    peaks = Detector(detector.classifier, **MAP_PEAKS | {"coarse_weight": 0.0, "stride": 32})
    shares = []
    for one in (detector, peaks):
        wide = keeping_all(one)
        shuffled = randomized(one.classifier, weighted_layers(one.classifier), 0)
        other = Detector(shuffled, **changes_to(wide.settings))
        stays = []
        for sample in samples:
            found = wide(str(sample.image))
            again = other.detect(found.image, label_index=found.label_index)
            to_model = found.image.to_file.inverse()
            mine, theirs = (
                to_model.apply(best_apart(each.keypoints, COUNT).xy) for each in (found, again)
            )
            stays.append(survival(mine, theirs, 8.0))
        shares.append(float(np.mean(stays)))
    rows.append(Row("peaks of the map: points that stay with shuffled weights", shares[1]))
    rows.append(Row("points that stay with shuffled weights", shares[0], shares[1], most=True))
    return rows


def time_rows(detector: Detector) -> list[Row]:
    """Time one photograph at the default, over the whole map."""
    whole = detector.with_settings(coarse="map")
    path = str(SAMPLES / "macaw.jpg")
    for one in (detector, whole):
        one(path)
    seconds = alternate({"default": lambda: detector(path), "map": lambda: whole(path)}, 3)
    start = perf_counter()
    detector(path)
    return [
        Row("seconds of one photograph", perf_counter() - start),
        Row(
            "default over --coarse map, time of a photograph",
            1 / ratios(seconds["map"], seconds["default"])["median"],
            1 / 6,
            most=True,
        ),
    ]


def fresh(engine: IncrementalEngine, image: torch.Tensor, patches: torch.Tensor) -> object:
    """Occlude as many windows anywhere."""
    return engine.outputs(image, torch.randint(0, 208, (len(patches), 2)), patches)


def engine_rows() -> list[Row]:
    """Time fresh sets of 40 arbitrary windows, over the grid's 729."""
    import timm
    import torchvision

    makers = {
        "VGG-16": torchvision.models.vgg16,
        "ResNet-50": torchvision.models.resnet50,
        "EfficientNet-Lite0": lambda: timm.create_model("efficientnet_lite0"),
        "ConvNeXt-tiny": torchvision.models.convnext_tiny,
        "MobileNetV3": torchvision.models.mobilenet_v3_large,
    }
    rows = []
    for name, make in makers.items():
        torch.manual_seed(0)
        engine = IncrementalEngine(make().eval())
        image = torch.rand(3, 224, 224)
        grid = window_grid(224, 224, 16, 8)
        patches = torch.rand(len(grid), 3, 16, 16)
        engine.outputs(image, torch.randint(0, 208, (40, 2)), patches[:40])

        ways: dict[str, Callable[[], object]] = {
            "fresh": partial(fresh, engine, image, patches[:40]),
            "whole": partial(engine.outputs, image, grid, patches),
        }
        ways["whole"]()
        seconds = alternate(ways, 2)
        share = 1 / ratios(seconds["whole"], seconds["fresh"])["median"]
        rows.append(Row(f"{name}: 40 fresh windows over the grid's 729", share, 1 / 15, most=True))
    return rows


if __name__ == "__main__":
    sys.exit(main())
