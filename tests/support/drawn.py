"""The account of a run that a test wrote itself."""

from typing import Any

from gnomon.classifier import Preprocessing
from gnomon.presets import Settings
from gnomon.runs import RunInfo


def drawn_info(size: tuple[int, int] = (224, 224), **fields: Any) -> RunInfo:
    """Give the account of a run at model ``size`` (height, width)."""
    plain: dict[str, Any] = {
        "classifier": "drawn",
        "weights_sha256": "0" * 64,
        "preprocessing": Preprocessing(size=size),
        "preset": "default",
        "settings": Settings(),
        "device": "cpu",
    }
    return RunInfo(**(plain | fields))
