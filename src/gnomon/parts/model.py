"""The part model: what a run's keypoints were found to recur as, in two files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from gnomon.arguments import checked, checked_class
from gnomon.disk import Batch
from gnomon.errors import RunError, SettingError
from gnomon.parts.describe import Space
from gnomon.parts.layout import Layout
from gnomon.runs.account import Count, Sha256, Text
from gnomon.runs.checks import MOST_PARTS
from gnomon.runs.store import LocalStore, open_store
from gnomon.showing import quoted
from gnomon.strict_json import read_as
from gnomon.types import Floats

TENSORS, ACCOUNT = "model.safetensors", "model.json"
VERSION = 1


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        last = self.first + len(self) - 1
        return f"<Group: parts {self.first} to {last} of {len(self.labels)} classes>"

    def score(self, match: Floats) -> Floats:
        """Return what share of each part's own points match worse than these (N,K)."""
        steps = np.linspace(0, 1, self.quantiles.shape[1])
        columns = zip(match.T, self.quantiles, strict=True)
        return np.stack([np.interp(one, own, steps) for one, own in columns], axis=1)

    def score_of(self, parts: NDArray[np.int64], match: Floats) -> Floats:
        """Score one match (P,) each for some parts (P,)."""
        steps = np.linspace(0, 1, self.quantiles.shape[1])
        pairs = zip(parts, match, strict=True)
        return np.array([np.interp(one, self.quantiles[part], steps) for part, one in pairs])

    def expects(self, label: str) -> Floats:
        """Return the share of images of a class that show each part (K,); unknown: of all."""
        if label in self.labels:
            shares: Floats = self.expected[self.labels.index(label)]
            return shares
        mean: Floats = self.expected.mean(axis=0)
        return mean


@checked_class
@dataclass(frozen=True, slots=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        classes = sum(len(group.labels) for group in self.groups)
        return f"<PartModel: {len(self)} parts of {classes} classes, by {quoted(self.classifier)}>"

    def named(self, names: dict[int, str]) -> "PartModel":
        """Rename parts by id; ``SettingError`` for an id that is none."""
        for part in names:
            if not 0 <= part < len(self):
                raise SettingError(f"there is no part {part}; ids are 0 to {len(self) - 1}")
        return replace(self, names=tuple(names.get(i, one) for i, one in enumerate(self.names)))

    def twin(self, part: int) -> int:
        """Return a part's mirror image, itself where it is its own, -1 where unknown."""
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
    @checked
    def read(cls, path: str | Path) -> "PartModel":
        """Read a model from its folder, its .safetensors file, or a run that holds one.

        ``RunError`` where there is none or it is damaged.
        """
        folder = Path(path)
        if folder.suffix == ".safetensors":
            folder = folder.parent
        elif (folder / "parts" / ACCOUNT).exists():
            folder = folder / "parts"
        store = open_store(folder)
        try:
            account = read_as(store.read(ACCOUNT), _Account)
            if account.version != VERSION:
                raise RunError(f"{folder} holds a part model of version {account.version}, this"
                               f" gnomon reads {VERSION}; learn it again")  # fmt: skip
            tensors = load(store.read(TENSORS))
            return _checked(account, tensors)
        except FileNotFoundError as error:
            raise RunError(
                f"{path} holds no part model ({ACCOUNT} or {TENSORS} is missing);"
                " `gnomon parts RUN` writes one into RUN/parts"
            ) from error
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise RunError(f"{folder} holds a damaged part model: {error}") from error


@dataclass(frozen=True, slots=True)
class _GroupAccount:
    labels: Annotated[tuple[Text, ...], Meta(min_length=1)]
    first: Count


@dataclass(frozen=True, slots=True)
class _Account:
    """model.json."""

    version: int
    classifier: Text
    weights_sha256: Sha256
    layers: tuple[Text, ...]
    widths: tuple[Annotated[int, Meta(ge=1)], ...]
    names: Annotated[tuple[Text, ...], Meta(max_length=MOST_PARTS)]
    groups: tuple[_GroupAccount, ...]


def _checked(account: _Account, tensors: Mapping[str, NDArray[Any]]) -> PartModel:
    """Make the model of its two files; ``ValueError`` where they do not fit each other."""
    width = sum(account.widths)
    mean = _tensor(tensors, "mean", np.float32, (width,))
    axes = _tensor(tensors, "axes", np.float32, (width, None))
    space = Space(mean, account.widths, axes)
    groups: list[Group] = []
    for number, one in enumerate(account.groups):
        if one.first != sum(map(len, groups)):
            raise ValueError(f"the parts of group {number} do not follow those before")
        groups.append(_group(number, one, tensors, space.dimensions))
    if len(account.names) != sum(map(len, groups)):
        raise ValueError(f"it has {len(account.names)} names for {sum(map(len, groups))} parts")
    return PartModel(
        account.classifier,
        account.weights_sha256,
        account.layers,
        space,
        tuple(groups),
        account.names,
    )


def _tensor(
    tensors: Mapping[str, NDArray[Any]], name: str, kind: type, shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """Take a tensor of so many values on each axis, ``None`` for any; finite, or ``ValueError``."""
    found = tensors[name]
    fits = found.ndim == len(shape) and all(
        wanted in (None, size) for wanted, size in zip(shape, found.shape, strict=True)
    )
    if not fits or found.dtype != kind or not np.isfinite(found).all():
        raise ValueError(f"{name} is {found.dtype} {found.shape}, not {kind.__name__} {shape}")
    return found


def _tensors(group: Group) -> dict[str, NDArray[Any]]:
    layout = group.layout
    return {
        "centers": layout.centers,
        "places": np.stack([layout.places.real, layout.places.imag], axis=1),
        "spread": layout.spread,
        "weight": layout.weight,
        "quantiles": group.quantiles,
        "expected": group.expected,
        "repeats": group.repeats,
        "twins": group.twins,
    }


def _group(
    number: int, account: _GroupAccount, tensors: Mapping[str, NDArray[Any]], width: int
) -> Group:
    def take(name: str, kind: type, *shape: int | None) -> NDArray[Any]:
        return _tensor(tensors, f"{number}.{name}", kind, shape)

    centers = take("centers", np.float32, None, width)
    count, n_labels = len(centers), len(account.labels)
    places = take("places", np.float64, count, 2)
    spread, weight = take("spread", np.float64, count), take("weight", np.float64, count)
    group = Group(
        labels=account.labels,
        first=account.first,
        layout=Layout(centers, places[:, 0] + 1j * places[:, 1], spread, weight),
        quantiles=take("quantiles", np.float64, count, None),
        expected=take("expected", np.float64, n_labels, count),
        repeats=take("repeats", np.int64, count),
        twins=take("twins", np.int64, count),
    )
    sound = (
        count > 0
        and (spread > 0).all()
        and (weight > 0).all()
        and group.quantiles.shape[1] > 1
        and (group.repeats >= 1).all()
        and ((group.twins >= -1) & (group.twins < count)).all()
    )
    if not sound:
        raise ValueError(f"group {number} holds numbers that no model has")
    return group
