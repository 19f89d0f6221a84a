"""What run.json and training.json have in common: choices, versions, and a record on disk."""

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self

from gnomon.classifier import Preprocessing
from gnomon.errors import GnomonError, RunError
from gnomon.runs.store import Store, open_store


def now() -> str:
    """Say the time as an account writes it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions(*more: str) -> dict[str, str]:
    """Give the versions that a result depends on, and those of ``more`` packages."""
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
            values = json.loads(store.read(cls.FILE_NAME).decode("utf-8", "surrogateescape"))
            values["preprocessing"] = Preprocessing.from_dict(values["preprocessing"])
            values["settings"] = cls.SETTINGS(**values["settings"])
            listed = {name: tuple(value) for name, value in values.items() if type(value) is list}
            return cls(**values | listed)
        except FileNotFoundError:
            raise RunError(
                f"{store} holds no {cls.WHAT}: there is no {cls.FILE_NAME} in it. "
                f"Give a folder that `gnomon {cls.VERB} --out` wrote."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, GnomonError) as error:
            raise RunError(
                f"{store}/{cls.FILE_NAME} is not the {cls.FILE_NAME} of this gnomon: {error}"
            ) from error

    def differences(self, other: Self) -> list[str]:
        """Say in which choices two accounts differ: each a line "name: this, that"."""
        pairs = _pairs(self, other, self.COMPARED)
        for name in ("preprocessing", "settings"):
            mine, theirs = getattr(self, name), getattr(other, name)
            pairs += _pairs(mine, theirs, [choice.name for choice in fields(mine)])
        return [f"{name}: {mine!r}, {theirs!r}" for name, mine, theirs in pairs if mine != theirs]


def _pairs(mine: object, theirs: object, names: Iterable[str]) -> list[tuple[str, Any, Any]]:
    return [(name, getattr(mine, name), getattr(theirs, name)) for name in names]
