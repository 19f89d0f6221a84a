"""The transforms of torchvision and timm, read step by step: what they do to a photograph.

Each step is known by its class's name; none is called, so that neither library is imported here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import PIL.Image

from gnomon.classifier.preprocessing import Preprocessing
from gnomon.errors import SettingError
from gnomon.images import Interpolation

Transforms = Callable[[Any], Any] | Sequence[Callable[[Any], Any]]
"""What a data set is given as its transform."""

LIBRARIES = ("torchvision", "timm", "torch")
TYPES = (
    "ToTensor",
    "MaybeToTensor",
    "ToImage",
    "ToPureTensor",
    "PILToTensor",
    "MaybePILToTensor",
    "ConvertImageDtype",
    "ToDtype",
    "RGB",
)
"""Steps that change no picture, only how it is kept; gnomon's pixels are RGB in [0, 1]."""

INSTEAD = "say what it does with gnomon.Preprocessing(size=, resize=, mean=, std=, ...)"


@dataclass(slots=True)
class _Reading:
    """What the steps read so far come to; sizes are (height, width)."""

    squashed: tuple[int, int] | None = None
    shorter: int | None = None
    covered: tuple[int, int] | None = None
    size: tuple[int, int] | None = None
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    normalized: bool = False

    def resize(self, step: Any) -> None:
        if self.size or self.squashed or self.shorter or self.covered:
            raise _unread(step, "it resizes again, and gnomon resizes once")
        if getattr(step, "max_size", None) is not None:
            raise _unread(step, "its max_size leaves the size to the photograph")
        if getattr(step, "antialias", True) is False:
            raise _unread(step, "it resizes without antialias, and gnomon with")
        self.interpolation = _interpolation(step.interpolation)
        sides = _sides(step.size)
        if type(step).__name__ == "ResizeKeepRatio":
            if step.longest != 0 or step.random_scale_prob or step.random_aspect_prob:
                raise _unread(step, "it pads or varies the picture in a way of its own")
            self.covered = sides * 2 if len(sides) == 1 else sides  # type: ignore[assignment]  # one or two
        elif len(sides) == 2:
            self.squashed = sides
        else:
            self.shorter = sides[0]

    def crop(self, step: Any) -> None:
        sides = _sides(step.size)
        self.size = cast(tuple[int, int], sides * 2 if len(sides) == 1 else sides)
        if self.squashed is not None and self.squashed != self.size:
            raise _unread(step, f"it crops what was squashed to {self.squashed}")
        if self.shorter is not None:
            if self.size[0] != self.size[1]:
                raise _unread(
                    step, "it crops an oblong out of what was resized by its shorter side"
                )
            self.covered = (self.shorter, self.shorter)
        if self.squashed is None and self.covered is None:
            raise _unread(step, "it crops a picture that was not resized before")
        if self.covered is not None and (
            self.covered[0] < self.size[0] or self.covered[1] < self.size[1]
        ):
            raise _unread(step, f"it is larger than the picture, resized to {self.covered[0]}")

    def preset(self, step: Any) -> None:
        """Read one of torchvision's own, ``Weights.transforms()``."""
        (crop,), (resize,) = step.crop_size, step.resize_size
        self.size, self.covered = (crop, crop), (resize, resize)
        self.interpolation = _interpolation(step.interpolation)
        self.normalize(step)

    def normalize(self, step: Any) -> None:
        if self.normalized:
            raise _unread(step, "it normalizes again")
        self.normalized = True
        self.mean, self.std = _three(step.mean), _three(step.std)

    def keep(self, step: Any) -> None:
        if getattr(step, "scale", True) is False:
            raise _unread(step, "it leaves the values at 0 to 255: add scale=True")

    def done(self) -> Preprocessing:
        if self.squashed is not None:
            return self._made(self.squashed, "squash", 1.0)
        if self.size is None or self.covered is None:
            raise SettingError(
                "the transforms leave the size to the photograph, and gnomon needs one for all; add"
                " CenterCrop(size) or Resize((height, width))"
            )
        sides = list(zip(self.size, self.covered, strict=True))
        least = max(side / (whole + 0.5) for side, whole in sides)
        most = min(side / (whole - 0.5) for side, whole in sides)
        for fraction in (*(side / whole for side, whole in sides), (least + most) / 2):
            if tuple(round(side / fraction) for side in self.size) == self.covered:
                return self._made(self.size, "crop", fraction)
        raise SettingError(
            f"the transforms crop {self.size} out of {self.covered}, sizes of unlike shape;"
            f" {INSTEAD}"
        )

    def _made(self, size: tuple[int, int], resize: Any, crop_fraction: float) -> Preprocessing:
        return Preprocessing(
            size=size,
            resize=resize,
            crop_fraction=crop_fraction,
            interpolation=cast(Interpolation, self.interpolation),
            mean=cast(Any, self.mean),
            std=cast(Any, self.std),
        )


READ: dict[str, Callable[[_Reading, Any], None]] = {
    "Resize": _Reading.resize,
    "ResizeKeepRatio": _Reading.resize,
    "CenterCrop": _Reading.crop,
    "ImageClassification": _Reading.preset,
    "Normalize": _Reading.normalize,
    **dict.fromkeys(TYPES, _Reading.keep),
}


def as_preprocessing(given: Preprocessing | Transforms) -> Preprocessing:
    """Take preprocessing, or read what transforms of torchvision or timm do.

    ``SettingError`` for a step that gnomon cannot follow back to the photograph's own pixels.
    """
    if isinstance(given, Preprocessing):
        return given
    reading = _Reading()
    for step in _steps(given):
        kind, library = type(step).__name__, type(step).__module__.partition(".")[0]
        if library not in LIBRARIES or kind not in READ:
            raise _unread(step, "gnomon knows no way back from it to the photograph's pixels")
        READ[kind](reading, step)
    return reading.done()


def _steps(given: Any) -> Iterator[Any]:
    inner = getattr(given, "transforms", None)
    if isinstance(given, list | tuple):
        inner = given
    elif inner is None or callable(inner):
        inner = list(given) if type(given).__name__ == "Sequential" else None
    if inner is None:
        yield given
        return
    for one in inner:
        yield from _steps(one)


def _sides(size: Any) -> tuple[int, ...]:
    return (size,) if isinstance(size, int) else tuple(size)


def _three(values: Any) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    return numbers * 3 if len(numbers) == 1 else numbers


def _interpolation(given: Any) -> str:
    """Name Pillow's filter; torchvision has an enumeration, a name or Pillow's number."""
    if isinstance(given, int):
        return PIL.Image.Resampling(given).name.lower()
    return str(getattr(given, "value", given))


def _unread(step: Any, because: str) -> SettingError:
    return SettingError(f"preprocessing={type(step).__name__} cannot be used: {because}; {INSTEAD}")
