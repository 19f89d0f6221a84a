"""Every choice of the method as one value, and the named sets of choices."""

from dataclasses import asdict, dataclass
from typing import Literal, TypedDict, cast

from gnomon.arguments import checked_class
from gnomon.errors import SettingError, unknown_name

Target = Literal["probability", "log-probability", "logit"]
Sums = Literal["plain", "weighted"]
Outputs = Literal[
    "auto",
    "logits",
    "probabilities",
    "log-probabilities",
    "binary",
    "binary-logits",
    "binary-probabilities",
    "multilabel",
    "multilabel-logits",
    "multilabel-probabilities",
]
"""``auto``, ``binary`` and ``multilabel`` leave it to be recognized which of the others it is.

One class of several: ``logits`` (a softmax turns them to probabilities), or probabilities or their
logarithms, as a network gives that ends in a softmax or log-softmax. ``binary``: one output, the
second of two classes. ``multilabel``: each class by itself. Either as logits, or as probabilities
where the network ends in a sigmoid.
"""


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the method leaves open; lengths in model pixels.

    The field's defaults are the paper's own choices, where it states one.
    """

    patch: int = 16
    stride: int = 8
    fill: str = "random"
    draws: int = 1
    seed: int = 0
    engine: str = "auto"
    precision: str = "full"
    fine: str = "guided"
    target: Target = "probability"
    coarse_smoothing: float = 0.0
    fine_smoothing: float = 0.0
    coarse_weight: float = 1.0
    fine_weight: float = 1.0
    radius: float = 8.0
    keep: float = 0.4
    refine_window: int = 3
    refine_sums: Sums = "plain"

    def __post_init__(self) -> None:
        at_least_one = ("patch", "stride", "draws", "refine_window")
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        not_negative = (
            "seed",
            "coarse_smoothing",
            "fine_smoothing",
            "coarse_weight",
            "fine_weight",
            "radius",
        )
        for name in not_negative:
            if not getattr(self, name) >= 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 < self.keep <= 1:
            raise SettingError(f"keep is {self.keep}; it is a fraction above 0 and at most 1")


class SettingChanges(TypedDict, total=False):
    """Settings that differ from the preset's; lengths in model pixels."""

    patch: int
    """Side of the square that covers."""
    stride: int
    """Step from one covered square to the next."""
    fill: str
    """What covers: random, constant, mean, blur, or package.module:name."""
    draws: int
    """Random fills to average over."""
    seed: int
    """Seed of every random choice."""
    engine: str
    """What computes the occluded outputs: auto, dense, incremental."""
    precision: str
    """In which precision: full (the network's own), tf32, bfloat16, float16."""
    fine: str
    """Fine method: guided, guided-layers, gradient, smoothgrad, or package.module:name."""
    target: Target
    """What is backpropagated."""
    coarse_smoothing: float
    """Sigma of the Gaussian over the coarse map."""
    fine_smoothing: float
    """Sigma of the Gaussian over the fine map."""
    coarse_weight: float
    """Weight of the coarse map's log-likelihood."""
    fine_weight: float
    """Weight of the fine map's log-likelihood."""
    radius: float
    """No two candidates lie closer than this."""
    keep: float
    """Fraction of the candidates to keep, best first."""
    refine_window: int
    """Side of the window in which a keypoint is refined."""
    refine_sums: Sums
    """How its pixels count: plain (alike, solved once), weighted (until the keypoint rests)."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A classifier's name and the settings that go with it."""

    classifier: str
    settings: Settings


PRESETS = {
    "paper": Preset("torchvision/vgg19", Settings()),
    # By measurement: docs/quality.md has the figures.
    "default": Preset(
        "embedded",
        Settings(
            fine="guided-layers",
            coarse_smoothing=8.0,
            fine_smoothing=1.0,
            coarse_weight=0.05,
            radius=10.0,
            keep=0.1,
            refine_window=7,
            refine_sums="weighted",
        ),
    ),
}


def changes_to(settings: Settings) -> SettingChanges:
    """Give every setting by name, as what makes these settings of any others."""
    return cast(SettingChanges, asdict(settings))


def preset(name: str) -> Preset:
    """Look a preset up; ``SettingError`` names the nearest where there is none."""
    if name not in PRESETS:
        raise SettingError(unknown_name("preset", name, PRESETS))
    return PRESETS[name]
