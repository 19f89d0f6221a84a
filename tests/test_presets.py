from dataclasses import fields
from typing import Any

import pytest

from gnomon.errors import SettingError
from gnomon.presets import PRESETS, SettingChanges, Settings, preset


def test_every_setting_can_be_changed_by_name() -> None:
    names = [field.name for field in fields(Settings)]
    assert list(SettingChanges.__annotations__) == names


def test_the_paper_preset_is_the_paper() -> None:
    paper = PRESETS["paper"]
    assert paper.classifier == "torchvision/vgg19"
    assert paper.settings == Settings()
    assert (paper.settings.patch, paper.settings.stride, paper.settings.keep) == (16, 8, 0.4)
    assert paper.settings.target == "probability"
    assert (paper.settings.fine, paper.settings.fill, paper.settings.draws) == (
        "guided",
        "random",
        1,
    )


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="did you mean 'paper'"):
        preset("papr")


@pytest.mark.parametrize(
    "bad",
    [
        {"stride": 0},
        {"patch": 0},
        {"draws": 0},
        {"keep": 0.0},
        {"keep": 1.5},
        {"radius": -1.0},
        {"fine_smoothing": float("nan")},
        {"keep": float("nan")},
    ],
)
def test_settings_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(bad))):
        Settings(**bad)
