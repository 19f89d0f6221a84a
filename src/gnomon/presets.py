"""Every choice of the method as one value, and the named sets of choices."""

from dataclasses import dataclass, fields
from typing import Literal

from gnomon.errors import SettingError, unknown_name

Target = Literal["probability", "log-probability", "logit"]


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
    fine: str = "guided"
    target: Target = "probability"
    coarse_smoothing: float = 0.0
    fine_smoothing: float = 0.0
    coarse_weight: float = 1.0
    fine_weight: float = 1.0
    radius: float = 8.0
    keep: float = 0.4
    refine_window: int = 7

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


@dataclass(frozen=True, slots=True)
class Preset:
    """A classifier's name and the settings that go with it."""

    classifier: str
    settings: Settings


PRESETS = {
    "paper": Preset("torchvision/vgg19", Settings()),
    "default": Preset("embedded", Settings(fine_smoothing=4.0)),
}


def preset(name: str) -> Preset:
    """Look a preset up; ``SettingError`` names the nearest where there is none."""
    if name not in PRESETS:
        raise SettingError(unknown_name("preset", name, PRESETS))
    return PRESETS[name]


SETTING_NAMES = tuple(field.name for field in fields(Settings))
