"""The coarse map: how far the class probability falls when a window of the image is hidden."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gnomon.arguments import checked
from gnomon.classifier import Classifier
from gnomon.classifier.outputs import probabilities_of
from gnomon.errors import SettingError
from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.engine import Engine, outputs_of_several
from gnomon.occlusion.fills import FILLS
from gnomon.occlusion.heatmap import overlap_mean
from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.precision import Precise
from gnomon.occlusion.windows import patches_under, window_grid
from gnomon.plugs import plugged
from gnomon.types import Heatmap, Image, Work

ENGINES: dict[str, Callable[[nn.Module], Engine]] = {
    "auto": IncrementalEngine,
    "dense": DenseEngine,
    "incremental": IncrementalEngine,
}

MOST_DRAWS = 1000

# So many windows at a time: patches and outputs stay small, while an engine's work on the clean
# image is repeated rarely.
WINDOWS_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Occlusion(Heatmap):
    """A coarse map and what it was made from.

    ``windows`` (N,2) int64 top-left (y,x); ``drops`` (N,) float64, by how much hiding each lowers
    ``probability``, that of class ``label_index``; ``work`` the engine's account.
    """

    windows: NDArray[np.int64]
    drops: NDArray[np.float64]
    label_index: int
    probability: float
    work: Work


@checked
def prepare_engine(classifier: Classifier, engine: str = "auto", precision: str = "full") -> Engine:
    """Make an engine for ``classifier``, to be used for many images.

    ``engine`` is a name in ``ENGINES`` or "package.module:name", ``precision`` full, tf32, bfloat16
    or float16 (`Precise`); ``SettingError`` where there is no such name.
    """
    return Precise(plugged("engine", engine, ENGINES), classifier.scorer, precision)


@checked
def occlude(
    classifier: Classifier,
    image: Image,
    *,
    patch: int = 16,
    stride: int = 8,
    fill: str = "random",
    draws: int = 1,
    seed: int = 0,
    engine: str | Engine = "auto",
    label_index: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Occlusion:
    """Hide each window of the image and see how far the class probability falls.

    d(x,b) = max(f_c(x) - f_c(h(x,b)), 0), f the probabilities in float64, h the image x with
    window b filled, c the predicted class or ``label_index``; with ``draws`` above 1 the mean of d
    over as many fills. The map's value at a pixel is the mean of d over the windows that cover it.
    Give ``engine`` by name, or as ``prepare_engine`` made it where there are many images.
    ``progress`` is called with the windows done and all windows. Raises ``SettingError`` for what
    is out of range or has no such name, and ``ClassifierError`` for outputs that are no scores.
    """
    (found,) = occlude_several(
        classifier,
        [image],
        patch=patch,
        stride=stride,
        fill=fill,
        draws=draws,
        seed=seed,
        engine=engine,
        label_indices=None if label_index is None else [label_index],
        progress=progress,
    )
    return found


@checked
def occlude_several(
    classifier: Classifier,
    images: Sequence[Image],
    *,
    patch: int = 16,
    stride: int = 8,
    fill: str = "random",
    draws: int = 1,
    seed: int = 0,
    engine: str | Engine = "auto",
    label_indices: Sequence[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Occlusion]:
    """Occlude images of one size together, each as ``occlude`` does.

    Faster on a GPU than one after the other, and the same but for rounding. Raises as ``occlude``
    does, and ``SettingError`` for images of several sizes.
    """
    started = perf_counter()
    if not 1 <= draws <= MOST_DRAWS:
        raise SettingError(f"draws is {draws}; it is from 1 to {MOST_DRAWS}")
    check_labels(label_indices or [], classifier)
    sizes = {(image.height, image.width) for image in images}
    if len(sizes) != 1:
        raise SettingError(f"images of sizes {sorted(sizes)}; give images of one size, not none")
    ((height, width),) = sizes
    windows = window_grid(height, width, patch, stride)
    make_patches = plugged("fill", fill, FILLS)
    if isinstance(engine, str):
        engine = prepare_engine(classifier, engine)
    if not callable(getattr(engine, "outputs", None)):
        raise SettingError(
            f"engine is {type(engine).__name__}; it is a name, or what prepare_engine returns"
        )
    total, done = len(images) * draws * len(windows), 0

    def advance(more: int) -> None:
        nonlocal done
        done = min(done + more, total)
        if progress:
            progress(done, total)

    drops = torch.zeros(len(images), len(windows), dtype=torch.float64)
    for rows in torch.split(torch.arange(len(windows)), WINDOWS_AT_A_TIME):
        for draw in range(draws):
            patches = [make_patches(image, windows[rows], patch, seed, draw) for image in images]
            for filling in patches:
                if filling.shape != (len(rows), 3, patch, patch):
                    raise SettingError(
                        f"fill {fill!r} gave {tuple(filling.shape)}; for these windows it must "
                        f"give {(len(rows), 3, patch, patch)}"
                    )
            clean, hidden = occluded_probabilities(
                classifier, engine, images, windows[rows], torch.stack(patches), advance
            )
            labels = clean.argmax(dim=1) if label_indices is None else torch.tensor(label_indices)
            (hit,) = clean.gather(1, labels[:, None]).T
            falls = hit[:, None] - hidden.take_along_dim(labels[:, None, None], dim=2)[:, :, 0]
            drops[:, rows] += falls.clamp(min=0)
    drops /= draws
    work = Work(engine.name, draws * len(windows), (perf_counter() - started) / len(images))
    return [
        Occlusion(
            values=overlap_mean(falls, windows.numpy(), patch, height, width),
            kind="coarse",
            windows=windows.numpy(),
            drops=falls,
            label_index=label,
            probability=probability,
            work=work,
        )
        for falls, label, probability in zip(
            drops.numpy(), labels.tolist(), hit.tolist(), strict=True
        )
    ]


def check_labels(label_indices: Sequence[int], classifier: Classifier) -> None:
    """Raise ``SettingError`` for an index that is none of the classifier's classes."""
    last = len(classifier.class_names) - 1
    for index in label_indices:
        if not 0 <= index <= last:
            raise SettingError(f"label_index is {index}; the classifier's are 0 to {last}")


def occluded_probabilities(
    classifier: Classifier,
    engine: Engine,
    images: Sequence[Image],
    windows: Tensor,
    patches: Tensor,
    progress: Callable[[int], None],
) -> tuple[Tensor, Tensor]:
    """Compute probabilities, float64 on the CPU: of images (I,K), and with windows hidden (I,N,K).

    A clean image is one window more, filled with its own pixels, so that it goes the same way
    through the engine as all others and is rounded alike.
    """

    def to_input(pixels: Tensor) -> Tensor:
        return classifier.preprocessing.normalize(pixels.to(classifier.device, classifier.dtype))

    own = [patches_under(image.pixels, windows[:1], patches.shape[3]) for image in images]
    outputs = outputs_of_several(
        engine,
        to_input(torch.stack([image.pixels for image in images])),
        torch.cat([windows[:1], windows]),
        to_input(torch.cat([torch.stack(own), patches], dim=1)),
        progress,
    )
    probabilities = probabilities_of(outputs.to("cpu", torch.float64), classifier.outputs)
    return probabilities[:, 0], probabilities[:, 1:]
