"""What a checkpoint says of its network: text that somebody wrote, taken by type and range."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast, get_args

from msgspec import Meta

from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Architecture
from gnomon.errors import SettingError, unknown_name
from gnomon.foreign import read_whole_json
from gnomon.presets import Outputs

MOST_SIDE = 2048
"""Pixels of an input's side that a checkpoint may ask for; the first pass runs at that size."""


@dataclass(frozen=True, slots=True)
class _Architecture:
    spec: Annotated[str, Meta(max_length=200)]
    n_classes: Annotated[int, Meta(ge=1)]
    config: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """An architecture with as many classes as there are names, and what goes before and after.

    One of a single output has two class names.
    """

    architecture: Architecture
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    outputs: Outputs


def read_header(metadata: Mapping[str, str]) -> Header:
    """Read the metadata of a checkpoint; ``ValueError`` says what it may not be."""
    for name in ("architecture", "class_names", "preprocessing"):
        if name not in metadata:
            raise ValueError(f"it has no {name!r}")
    given = _read(metadata, "architecture", _Architecture)
    class_names = _read(metadata, "class_names", tuple[str, ...])
    if len(class_names) != max(given.n_classes, 2):
        raise ValueError(f"it has {given.n_classes} classes, but {len(class_names)} class names")
    try:
        preprocessing = Preprocessing.from_dict(_read(metadata, "preprocessing", dict[str, Any]))
    except (SettingError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(str(error)) from error
    if max(preprocessing.size) > MOST_SIDE:
        raise ValueError(f"size is {preprocessing.size}; a checkpoint's is at most {MOST_SIDE}")
    outputs = metadata.get("outputs", "logits")
    if outputs not in get_args(Outputs):
        raise ValueError(unknown_name("outputs", outputs, get_args(Outputs)))
    architecture = Architecture(given.spec, given.n_classes, given.config)
    return Header(architecture, class_names, preprocessing, cast(Outputs, outputs))


def _read(metadata: Mapping[str, str], name: str, kind: Any) -> Any:
    try:
        return read_whole_json(metadata[name].encode(), kind)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
