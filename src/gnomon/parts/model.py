"""The part model: what a run's keypoints were found to recur as, in two files."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from gnomon.disk import Batch
from gnomon.errors import RunError, SettingError
from gnomon.parts.describe import Space
from gnomon.parts.layout import Layout
from gnomon.runs.store import LocalStore
from gnomon.types import Floats

TENSORS, ACCOUNT = "model.safetensors", "model.json"
VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The K parts that classes share; part ids count on from ``first``.

    ``labels`` L classes; ``quantiles`` (K,Q) of the match of the points that each part was learnt
    from, at even steps from 0 to 1; ``expected`` (L,K) share of a class's images that show the
    part; ``repeats`` (K,) how often it may occur in an image; ``twins`` (K,) the part that it is in
    a mirror, itself where that is the same, -1 unknown, counted from 0 in the group.
    """

    labels: tuple[str, ...]
    first: int
    layout: Layout
    quantiles: Floats
    expected: Floats
    repeats: NDArray[np.int64]
    twins: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.layout)

    def score(self, match: Floats) -> Floats:
        """Say what share of each part's own points match worse than these (N,K)."""
        steps = np.linspace(0, 1, self.quantiles.shape[1])
        columns = zip(match.T, self.quantiles, strict=True)
        return np.stack([np.interp(one, own, steps) for one, own in columns], axis=1)

    def score_of(self, parts: NDArray[np.int64], match: Floats) -> Floats:
        """Score one match (P,) each for some parts (P,)."""
        steps = np.linspace(0, 1, self.quantiles.shape[1])
        pairs = zip(parts, match, strict=True)
        return np.array([np.interp(one, self.quantiles[part], steps) for part, one in pairs])

    def expects(self, label: str) -> Floats:
        """Give the share of images of a class that show each part (K,); unknown: of all."""
        if label in self.labels:
            shares: Floats = self.expected[self.labels.index(label)]
            return shares
        mean: Floats = self.expected.mean(axis=0)
        return mean


@dataclass(frozen=True, slots=True, eq=False)
class PartModel:
    """Parts without a name that a person gave, unless one did: ``names``, one for each part id.

    ``classifier`` and ``weights_sha256`` are those whose ``layers`` describe the points.
    """

    classifier: str
    weights_sha256: str
    layers: tuple[str, ...]
    space: Space
    groups: tuple[Group, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def named(self, names: dict[int, str]) -> "PartModel":
        """Give parts other names, by id; ``SettingError`` for an id that is none."""
        for part in names:
            if not 0 <= part < len(self):
                raise SettingError(f"there is no part {part}; ids are 0 to {len(self) - 1}")
        return replace(self, names=tuple(names.get(i, one) for i, one in enumerate(self.names)))

    def twin(self, part: int) -> int:
        """Give a part's mirror image, itself where it is its own, -1 where unknown."""
        for group in self.groups:
            if group.first <= part < group.first + len(group):
                found = int(group.twins[part - group.first])
                return found if found < 0 else found + group.first
        raise SettingError(f"there is no part {part}; ids are 0 to {len(self) - 1}")

    def write(self, folder: Path) -> Path:
        """Write model.safetensors and model.json into ``folder`` and give the first's path."""
        with LocalStore(folder).together() as files:
            self.write_into(files)
        return folder / TENSORS

    def write_into(self, files: Batch, folder: str = "") -> None:
        """Write both among other ``files``, below ``folder``, which ends in a slash."""
        tensors: dict[str, NDArray[Any]] = {"mean": self.space.mean, "axes": self.space.axes}
        for number, group in enumerate(self.groups):
            tensors |= {f"{number}.{name}": one for name, one in _tensors(group).items()}
        account = {
            "version": VERSION,
            "classifier": self.classifier,
            "weights_sha256": self.weights_sha256,
            "layers": self.layers,
            "widths": self.space.widths,
            "names": self.names,
            "groups": [{"labels": one.labels, "first": one.first} for one in self.groups],
        }
        whole = {name: np.ascontiguousarray(one) for name, one in tensors.items()}
        files.write(f"{folder}{TENSORS}", save(whole))
        text = json.dumps(account, indent=1, ensure_ascii=False) + "\n"
        files.write(f"{folder}{ACCOUNT}", text.encode())

    @classmethod
    def read(cls, path: str | Path) -> "PartModel":
        """Read a model from its folder, its .safetensors file, or a run that holds one.

        ``RunError`` where there is none or it is damaged.
        """
        folder = Path(path)
        if folder.suffix == ".safetensors":
            folder = folder.parent
        elif (folder / "parts" / ACCOUNT).exists():
            folder = folder / "parts"
        try:
            account = json.loads((folder / ACCOUNT).read_text(encoding="utf-8"))
            if account["version"] != VERSION:
                raise RunError(f"{folder} holds a part model of version {account['version']}, this"
                               f" gnomon reads {VERSION}; learn it again")  # fmt: skip
            tensors = load((folder / TENSORS).read_bytes())
            groups = tuple(
                _group(number, one, tensors) for number, one in enumerate(account["groups"])
            )
            return cls(
                account["classifier"],
                account["weights_sha256"],
                tuple(account["layers"]),
                Space(tensors["mean"], tuple(account["widths"]), tensors["axes"]),
                groups,
                tuple(account["names"]),
            )
        except FileNotFoundError as error:
            raise RunError(
                f"{path} holds no part model ({error.filename} is missing); `gnomon parts RUN`"
                " writes one into RUN/parts"
            ) from error
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise RunError(f"{folder} holds a damaged part model: {error}") from error


def _tensors(group: Group) -> dict[str, NDArray[Any]]:
    layout = group.layout
    return {
        "centres": layout.centres,
        "places": np.stack([layout.places.real, layout.places.imag], axis=1),
        "spread": layout.spread,
        "weight": layout.weight,
        "quantiles": group.quantiles,
        "expected": group.expected,
        "repeats": group.repeats,
        "twins": group.twins,
    }


def _group(number: int, account: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Group:
    mine = {name: tensors[f"{number}.{name}"] for name in (
        "centres", "places", "spread", "weight", "quantiles", "expected", "repeats", "twins"
    )}  # fmt: skip
    layout = Layout(
        mine["centres"],
        mine["places"][:, 0] + 1j * mine["places"][:, 1],
        mine["spread"],
        mine["weight"],
    )
    return Group(
        labels=tuple(account["labels"]),
        first=account["first"],
        layout=layout,
        quantiles=mine["quantiles"],
        expected=mine["expected"],
        repeats=mine["repeats"],
        twins=mine["twins"],
    )
