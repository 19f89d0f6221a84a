"""What run.json and training.json have in common: choices, versions, and a record on disk."""

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from msgspec import Meta

from gnomon.classifier import Preprocessing
from gnomon.errors import GnomonError, RunError, unknown_name
from gnomon.runs.store import Store, open_store
from gnomon.strict_json import parse, typed

Count = Annotated[int, Meta(ge=0, le=10**12)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Text = Annotated[str, Meta(max_length=4096)]
"""What a record may hold, checked where it is read."""

MOST_MODEL_PIXELS = 2**24
"""Largest input of a network, in pixels, that a record may ask for."""


def now() -> str:
    """Return the time as an account writes it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions(*more: str) -> dict[str, str]:
    """Return the versions that a result depends on, and those of ``more`` packages."""
    names = ("gnomon", "torch", "torchvision", "timm", *more, "numpy", "pillow")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A record that a verb writes into its folder, and knows again when it goes on.

    A subclass is a dataclass; ``settings`` and ``preprocessing`` are its choices, compared one by
    one, and ``COMPARED`` names the others.
    """

    FILE_NAME: ClassVar[str]
    VERB: ClassVar[str]
    WHAT: ClassVar[str]
    COMPARED: ClassVar[tuple[str, ...]]
    SETTINGS: ClassVar[type]

    preprocessing: Preprocessing
    versions: dict[Text, Text]

    def write(self, folder: "str | Path | Store") -> None:
        """Write the record into ``folder``."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        content = (text + "\n").encode("utf-8", "surrogateescape")
        open_store(folder).write(self.FILE_NAME, content)

    @classmethod
    def read(cls, folder: "str | Path | Store") -> Self:
        """Read the record in ``folder``; ``RunError`` where it is missing or not one of ours."""
        store = open_store(folder)
        try:
            values = parse(store.read(cls.FILE_NAME))
            record = typed(values, cls)
            _refuse_unknown(values, cls)
            _refuse_unknown(values["settings"], cls.SETTINGS)
            _refuse_unknown(values["preprocessing"], Preprocessing)
            record.check()
        except FileNotFoundError:
            raise RunError(
                f"{store} holds no {cls.WHAT}: there is no {cls.FILE_NAME} in it. "
                f"Give a folder that `gnomon {cls.VERB} --out` wrote."
            ) from None
        except (OSError, ValueError, GnomonError) as error:
            raise RunError(
                f"{store}/{cls.FILE_NAME} is not the {cls.FILE_NAME} of this gnomon: {error}"
            ) from error
        return record

    def check(self) -> None:
        """Raise ``ValueError`` where values that are each allowed do not go together."""
        height, width = self.preprocessing.size
        if height * width > MOST_MODEL_PIXELS:
            raise ValueError(f"preprocessing.size is {height}x{width} pixels, too large to compute")
        if "gnomon" not in self.versions:
            raise ValueError("versions do not name gnomon's")

    def differences(self, other: Self) -> list[str]:
        """Describe in which choices two accounts differ: each a line "name: this, that"."""
        pairs = _pairs(self, other, self.COMPARED)
        for name in ("preprocessing", "settings"):
            mine, theirs = getattr(self, name), getattr(other, name)
            pairs += _pairs(mine, theirs, [choice.name for choice in fields(mine)])
        return [f"{name}: {mine!r}, {theirs!r}" for name, mine, theirs in pairs if mine != theirs]


def _refuse_unknown(values: dict[str, Any], kind: type) -> None:
    names = [one.name for one in fields(kind)]
    for name in values:
        if name not in names:
            raise ValueError(unknown_name("field", name, names))


def _pairs(mine: object, theirs: object, names: Iterable[str]) -> list[tuple[str, Any, Any]]:
    return [(name, getattr(mine, name), getattr(theirs, name)) for name in names]
