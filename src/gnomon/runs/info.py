"""run.json: what was run, with what, when, and how much came of it."""

import json
import platform
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

from gnomon.classifier import Preprocessing
from gnomon.errors import GnomonError, RunError
from gnomon.presets import Settings
from gnomon.runs.files import write_whole

FILE_NAME = "run.json"


def now() -> str:
    """Say the time as run.json writes it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    names = ("gnomon", "torch", "torchvision", "timm", "numpy", "pillow")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The account of a run; ``end`` is ``None`` until it is complete.

    ``part_names`` names the parts that keypoints were given at detection, by id.
    """

    classifier: str
    weights_sha256: str
    preprocessing: Preprocessing
    preset: str
    settings: Settings
    device: str
    start: str = field(default_factory=now)
    end: str | None = None
    n_images: int = 0
    n_keypoints: int = 0
    n_failures: int = 0
    versions: dict[str, str] = field(default_factory=_versions)
    part_names: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write run.json into ``folder``."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        write_whole(folder / FILE_NAME, (text + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read run.json from ``folder``; ``RunError`` where it is missing or not one of ours."""
        path = folder / FILE_NAME
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            values["preprocessing"] = Preprocessing.from_dict(values["preprocessing"])
            values["settings"] = Settings(**values["settings"])
            values["part_names"] = tuple(values.get("part_names", ()))
            return cls(**values)
        except FileNotFoundError:
            raise RunError(
                f"{folder} holds no run: there is no {FILE_NAME} in it. "
                f"Give a folder that `gnomon detect --out` wrote."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, GnomonError) as error:
            raise RunError(f"{path} is not the run.json of this gnomon: {error}") from error

    def differences(self, other: Self) -> list[str]:
        """Say in which choices two runs differ: each a line "name: this, that"."""
        pairs = [(n, getattr(self, n), getattr(other, n)) for n in ("classifier", "weights_sha256")]
        for mine, theirs in (
            (self.preprocessing, other.preprocessing),
            (self.settings, other.settings),
        ):
            names = [choice.name for choice in fields(mine)]
            pairs += [(name, getattr(mine, name), getattr(theirs, name)) for name in names]
        return [f"{name}: {mine!r}, {theirs!r}" for name, mine, theirs in pairs if mine != theirs]
