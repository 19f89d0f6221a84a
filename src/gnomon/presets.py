"""Every choice of the method as one value, and the named sets of choices."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypedDict, cast

from gnomon.arguments import checked_class
from gnomon.errors import SettingError, unknown_name

Target = Literal["probability", "log-probability", "logit"]
Sums = Literal["plain", "weighted"]
Points = Literal["map", "structure"]
"""Where keypoints come from: peaks of the confidence map, or the image's structure where the class
needs it."""
Coarse = Literal["map", "keypoints", "none"]
"""What is hidden: a grid of windows for a whole map, the keypoints one by one, or nothing."""
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
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """What the method leaves open; lengths in model pixels.

    With points "structure", smoothing and radius are those for an input of 224 px and grow with the
    network's: how far evidence reaches is a share of the image. The fields' defaults are the
    paper's own choices, where it states one.
    """

    patch: int = 16
    stride: int = 8
    fill: str = "random"
    draws: int = 1
    seed: int = 0
    engine: str = "auto"
    precision: str = "full"
    coarse: Coarse = "map"
    fine: str = "guided"
    target: Target = "probability"
    coarse_smoothing: float = 0.0
    fine_smoothing: float = 0.0
    coarse_weight: float = 1.0
    fine_weight: float = 1.0
    points: Points = "map"
    working_size: int = 1024
    structure_weight: float = 0.4
    radius: float = 8.0
    keep: float = 0.4
    refine_window: int = 3
    refine_sums: Sums = "plain"
    label: str = ""
    label_rank: int = 1

    def __post_init__(self) -> None:
        at_least_one = ("patch", "stride", "draws", "working_size", "refine_window", "label_rank")
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        not_negative = (
            "seed",
            "coarse_smoothing",
            "fine_smoothing",
            "coarse_weight",
            "fine_weight",
            "structure_weight",
            "radius",
        )
        for name in not_negative:
            if not getattr(self, name) >= 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 < self.keep <= 1:
            raise SettingError(f"keep is {self.keep}; it is a fraction above 0 and at most 1")
        if self.points == "map" and self.coarse != "map":
            raise SettingError(
                f"coarse is {self.coarse!r}, but with points 'map' keypoints are peaks of the whole"
                " map; use coarse='map', or points='structure'"
            )
        if self.label and self.label_rank != 1:
            raise SettingError(
                f"label {self.label!r} names one class, label_rank {self.label_rank} another; give"
                " one of the two"
            )

    def __repr__(self) -> str:
        return f"Settings({_written(self.unlike(Settings()))})"

    def unlike(self, others: "Settings") -> dict[str, object]:
        """Return the settings by name that differ from those of ``others``."""
        mine, theirs = asdict(self), asdict(others)
        return {name: value for name, value in mine.items() if value != theirs[name]}

    @property
    def hides_points(self) -> bool:
        """Whether each keypoint is hidden by itself."""
        return self.points != "map" and self.coarse != "none"

    @property
    def aim(self) -> str:
        """Describe which class the keypoints are for; nothing where it is the predicted one."""
        if self.label:
            return f"for the class {self.label}, whatever each image shows"
        if self.label_rank > 1:
            return f"for each image's class number {self.label_rank} by probability"
        return ""


class SettingChanges(TypedDict, total=False):
    """Settings that differ from the preset's; lengths in model pixels."""

    patch: int
    """Side of the square that covers."""
    stride: int
    """Step from one covered square to the next."""
    fill: str
    """What covers: random, constant, mean, blur, or package.module:name."""
    draws: int
    """Random fills to average over, for each window of the map."""
    seed: int
    """Seed of every random choice."""
    engine: str
    """What computes the occluded outputs: auto, dense, incremental."""
    precision: str
    """In which precision: full (the network's own), tf32, bfloat16, float16."""
    coarse: Coarse
    """What is hidden: map (a grid of windows), keypoints (each by itself), none."""
    fine: str
    """Fine method: guided, guided-layers, layers, layers-views, gradient, smoothgrad, or
    package.module:name."""
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
    points: Points
    """Where keypoints come from: map (its peaks), structure (corners that the class needs)."""
    working_size: int
    """Longer side, in pixels, to which larger files are reduced before their structure is read."""
    structure_weight: float
    """Weight of the structure's logarithm to 1 of the evidence's."""
    radius: float
    """No two candidates lie closer than this."""
    keep: float
    """Fraction of the candidates to keep, best first; of structure 10 at the least."""
    refine_window: int
    """Side of the window in which a keypoint is refined."""
    refine_sums: Sums
    """How its pixels count: plain (alike, solved once), weighted (until the keypoint rests)."""
    label: str
    """The class to find keypoints for, by name or number; the predicted one unless given."""
    label_rank: int
    """Or the class that comes so far down by probability: 2 is the second."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A classifier's name and the settings that go with it."""

    classifier: str
    settings: Settings


BY_STRUCTURE = Settings(
    coarse="keypoints",
    coarse_weight=0.0,
    fine="layers-views",
    fine_smoothing=7.7,
    points="structure",
    structure_weight=0.3,
    radius=5.6,
    keep=0.1,
    refine_window=7,
    refine_sums="weighted",
)

PRESETS = {
    "paper": Preset("torchvision/vgg19", Settings()),
    # By measurement: docs/quality.md has the figures.
    "default": Preset("embedded", BY_STRUCTURE),
    "fast": Preset("embedded", replace(BY_STRUCTURE, fine="layers", coarse="none")),
}


def summary(settings: Settings) -> str:
    """Name the preset that settings are nearest to, and what differs from it.

    >>> summary(replace(PRESETS["fast"].settings, keep=0.2))
    'fast, keep=0.2'
    """
    unlike = {name: settings.unlike(preset.settings) for name, preset in PRESETS.items()}
    nearest = min(unlike, key=lambda name: (len(unlike[name]), name != "default"))
    return ", ".join(filter(None, (nearest, _written(unlike[nearest]))))


def _written(choices: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in choices.items())


def changes_to(settings: Settings) -> SettingChanges:
    """Return every setting by name, as what makes these settings of any others."""
    return cast(SettingChanges, asdict(settings))


def preset(name: str) -> Preset:
    """Look a preset up; ``SettingError`` names the nearest where there is none."""
    if name not in PRESETS:
        raise SettingError(unknown_name("preset", name, PRESETS))
    return PRESETS[name]
