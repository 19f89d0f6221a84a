"""The values that travel through the pipeline: frozen, their shapes checked once, when made.

N = 0 is normal and never ``None``.
"""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from gnomon.arguments import checked, checked_class
from gnomon.errors import ArgumentError
from gnomon.extras import library
from gnomon.geometry import Affine
from gnomon.showing import ROWS, counts, html_table, html_text, quoted, size

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Frame = Literal["model", "file"]
Kind = Literal["corner", "blob", "ridge", "map"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What a keypoint sits on: where edges meet, the middle of something round, an edge or line, or
nothing in the image itself, so that its place is the evidence's alone."""
HeatmapKind = Literal["coarse", "fine", "confidence"]


def _check(good: bool, what: str) -> None:
    if not good:
        raise ArgumentError(what)


def _array(values: object, dtype: type, what: str) -> NDArray[Any]:
    try:
        with np.errstate(invalid="raise", over="raise"):
            return np.asarray(values, dtype=dtype)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ArgumentError(f"{what} is an array of numbers: {error}") from error


def _count(values: object) -> int:
    """Count the points of (N,2) values."""
    array = _array(values, np.float64, "xy")
    _check(array.ndim == 2, f"xy is (N,2), not {array.shape}")
    return len(array)


def _set_arrays(target: object, shapes: dict[str, tuple[type, tuple[int, ...]]]) -> None:
    for name, (dtype, shape) in shapes.items():
        array = _array(getattr(target, name), dtype, name)
        _check(array.shape == shape, f"{name} is {shape}, not {array.shape}")
        object.__setattr__(target, name, array)


@checked_class
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Image:
    """A photograph at model size, and where its pixels lie in the file.

    ``pixels`` (3,H,W) float32 RGB in [0,1]; ``source`` path or name; ``content_hash`` of the
    decoded pixels; ``size`` (width, height) of the file as displayed; ``to_file`` takes model
    pixels to file pixels. ``detail`` (h,w,3) uint8 is the whole file once more, at the working size
    at which the image's structure is read; without it the structure is that of ``pixels``.
    """

    pixels: torch.Tensor
    source: str
    content_hash: str
    size: tuple[int, int]
    to_file: Affine
    detail: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        shape = tuple(self.pixels.shape)
        _check(
            len(shape) == 3
            and shape[0] == 3
            and min(shape) > 0
            and self.pixels.dtype == torch.float32,
            f"pixels are float32 (3,H,W), not {self.pixels.dtype} {shape}",
        )
        _check(min(self.size) > 0, f"size is (width, height) of at least 1x1, not {self.size}")
        if self.detail is not None:
            detail = _array(self.detail, np.uint8, "detail")
            drawn = detail.ndim == 3 and detail.shape[2] == 3 and detail.size > 0
            _check(drawn, f"detail is uint8 (h,w,3), not {detail.shape}")
            object.__setattr__(self, "detail", detail)

    def __repr__(self) -> str:
        return (
            f"<Image {quoted(self.source)} {size(*self.size)},"
            f" at {size(self.width, self.height)} for the network>"
        )

    @property
    def height(self) -> int:
        """Rows at model size."""
        return int(self.pixels.shape[1])

    @property
    def width(self) -> int:
        """Columns at model size."""
        return int(self.pixels.shape[2])

    def picture(self) -> NDArray[np.uint8]:
        """Return the pixels as (H,W,3) uint8, to look at."""
        scaled = (self.pixels.permute(1, 2, 0) * 255).round().clamp(0, 255)
        shown: NDArray[np.uint8] = scaled.to(torch.uint8).cpu().numpy()
        return shown


@checked_class
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Heatmap:
    """One value for each model pixel: ``values`` (H,W) float32, finite."""

    values: NDArray[np.float32]
    kind: HeatmapKind

    def __post_init__(self) -> None:
        values = _array(self.values, np.float32, "values")
        _check(values.ndim == 2 and values.size > 0, f"a heatmap is (H,W), not {values.shape}")
        _check(bool(np.isfinite(values).all()), f"the {self.kind} map holds NaN or infinity")
        object.__setattr__(self, "values", values)

    def __repr__(self) -> str:
        height, width = self.values.shape
        span = f"from {self.values.min():.3g} to {self.values.max():.3g}"
        return f"<{type(self).__name__} {self.kind}, {size(width, height)}, {span}>"

    def figure(self) -> "Figure":
        """Draw the map with its scale."""
        from gnomon import figures  # matplotlib takes a second to import

        height, width = self.values.shape
        panel = figures.Panel(self.kind, self.values, Affine.identity())
        return figures.draw([panel], (width, height))

    def _repr_png_(self) -> bytes:
        from gnomon import figures

        return figures.png(self.figure())


@checked_class
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Keypoints:
    """N points, best first, with their evidence.

    ``xy`` (N,2) pixels of ``frame``; ``score`` (N,) by which they are ordered; ``coarse`` (N,) the
    probability that hiding the point costs, or the coarse map's value there, ``fine`` (N,) the fine
    map's value, each NaN where unknown; ``covariance`` (N,2,2) px², NaN where it is not known;
    ``refined`` (N,) whether a corner or a blob was fitted; ``part`` (N,) id, -1 unknown; ``kind``
    (N,) what the point sits on, one of ``KINDS``; ``proved`` (N,) whether hiding the point was seen
    to cost the class something; ``confidence`` (N,) in [0,1].
    """

    xy: Floats
    frame: Frame
    score: Floats
    coarse: Floats
    fine: Floats
    covariance: Floats
    refined: NDArray[np.bool_]
    part: NDArray[np.int64]
    kind: NDArray[np.str_]
    proved: NDArray[np.bool_]
    confidence: Floats

    def __post_init__(self) -> None:
        _check(self.frame in ("model", "file"), f"frame is 'model' or 'file', not {self.frame!r}")
        n = _count(self.xy)
        shapes: dict[str, tuple[type, tuple[int, ...]]] = {
            "xy": (np.float64, (n, 2)),
            "score": (np.float64, (n,)),
            "coarse": (np.float64, (n,)),
            "fine": (np.float64, (n,)),
            "covariance": (np.float64, (n, 2, 2)),
            "refined": (np.bool_, (n,)),
            "part": (np.int64, (n,)),
            "kind": (np.str_, (n,)),
            "proved": (np.bool_, (n,)),
            "confidence": (np.float64, (n,)),
        }
        _set_arrays(self, shapes)
        _check(bool(np.isfinite(self.xy).all()), "xy holds NaN or infinity")
        _check(bool(np.isin(self.kind, KINDS).all()), f"each kind is one of {', '.join(KINDS)}")
        likely = (self.confidence >= 0) & (self.confidence <= 1)
        _check(bool(likely.all()), "confidence is from 0 to 1")

    def __len__(self) -> int:
        return len(self.xy)

    def __repr__(self) -> str:
        return f"<Keypoints: {self._summary()}>"

    def _summary(self) -> str:
        kinds = f": {counts(self.kind.tolist())}" if len(self) else ""
        marked = f"{self.refined.sum()} refined, {self.proved.sum()} proved"
        return f"{len(self)} in {self.frame} pixels{kinds}; {marked}"

    def _repr_html_(self) -> str:
        names = ["x", "y", "confidence", "kind", "proved", "part"]
        rows = [
            [f"{x:.2f}", f"{y:.2f}", f"{sure:.2f}", kind, "yes" if proved else "no", str(part)]
            for (x, y), sure, kind, proved, part in zip(
                self.xy, self.confidence, self.kind, self.proved, self.part, strict=True
            )
        ]
        more = f"<p>and {len(self) - ROWS} more</p>" if len(self) > ROWS else ""
        return (
            f"<p>Keypoints: {html_text(self._summary())}</p>{html_table(names, rows[:ROWS])}{more}"
        )

    def to_arrow(self) -> "pyarrow.Table":
        """Return a row for each point, best first: the columns of a run's table of keypoints.

        ``x`` and ``y`` are in pixels of ``frame``, ``rank`` counts from 1.
        """
        from gnomon import tables  # pyarrow takes a while to import

        values = {one.name: getattr(self, one.name) for one in fields(self)}
        del values["frame"]
        return tables.point_rows(**values)

    def to_pandas(self) -> "pandas.DataFrame":
        """Return ``to_arrow`` as a data frame; ``SettingError`` where pandas is not installed."""
        library("pandas", "pandas", "a data frame")
        return self.to_arrow().to_pandas()

    @classmethod
    @checked
    def at(cls, xy: object, score: object, frame: Frame = "model") -> "Keypoints":
        """Make unrefined keypoints with a place (N,2) and a score (N,) only.

        Their confidence is exp(score) where the score is a log-likelihood, at most 0, and 1 above.
        """
        points = _array(xy, np.float64, "xy")
        _check(points.size % 2 == 0, f"xy is (N,2), not {points.shape}")
        points = points.reshape(-1, 2)
        n = len(points)
        scores = _array(score, np.float64, "score")
        return cls(
            xy=points,
            frame=frame,
            score=scores,
            coarse=np.full(n, np.nan),
            fine=np.full(n, np.nan),
            covariance=np.full((n, 2, 2), np.nan),
            refined=np.zeros(n, dtype=np.bool_),
            part=np.full(n, -1, dtype=np.int64),
            kind=np.full(n, "map"),
            proved=np.zeros(n, dtype=np.bool_),
            confidence=np.exp(np.minimum(np.nan_to_num(scores), 0)),
        )

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Keypoints":
        """Select rows, by index, by truth or by slice."""
        return Keypoints(
            xy=self.xy[rows],
            frame=self.frame,
            score=self.score[rows],
            coarse=self.coarse[rows],
            fine=self.fine[rows],
            covariance=self.covariance[rows],
            refined=self.refined[rows],
            part=self.part[rows],
            kind=self.kind[rows],
            proved=self.proved[rows],
            confidence=self.confidence[rows],
        )

    def to_file(self, to_file: Affine) -> "Keypoints":
        """Move model-frame keypoints, covariances included, to file pixels."""
        _check(self.frame == "model", "these keypoints are in file pixels already")
        return replace(
            self,
            xy=to_file.apply(self.xy),
            covariance=to_file.apply_covariance(self.covariance),
            frame="file",
        )


@dataclass(frozen=True, slots=True)
class Work:
    """What was done: which engine ran, on how many windows, for how long, and which fine method.

    ``fine`` is the method that found the fine map, empty where none was asked for: where the chosen
    one cannot read the network, it is the one that stood in for it.
    """

    engine: str
    windows: int
    seconds: float
    fine: str = ""


@checked_class
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Landmarks:
    """M points that a person annotated, in file pixels.

    ``xy`` (M,2); ``ids`` (M,) int; ``names`` M part names; ``visible`` (M,) bool; ``scale`` the
    object's size in px, the unit of tolerances.
    """

    xy: Floats
    ids: NDArray[np.int64]
    names: tuple[str, ...]
    visible: NDArray[np.bool_]
    scale: float

    def __post_init__(self) -> None:
        m = _count(self.xy)
        shapes: dict[str, tuple[type, tuple[int, ...]]] = {
            "xy": (np.float64, (m, 2)),
            "ids": (np.int64, (m,)),
            "visible": (np.bool_, (m,)),
        }
        _set_arrays(self, shapes)
        _check(len(self.names) == m, f"{m} landmarks want {m} names, not {len(self.names)}")
        _check(self.scale > 0, f"scale is a positive number of pixels, not {self.scale}")

    def __repr__(self) -> str:
        named = ", ".join(map(quoted, self.names[:3]))
        more = ", ..." if len(self.names) > 3 else ""
        names = f": {named}{more}" if named else ""
        visible = int(self.visible.sum())
        return (
            f"<Landmarks: {len(self.names)}, {visible} visible, scale {self.scale:.4g} px{names}>"
        )

    def distances(self, xy: Floats) -> Floats:
        """Return distances (N,M) of points (N,2) from visible landmarks, in units of ``scale``."""
        apart = xy[:, None] - self.xy[None, self.visible]
        measured: Floats = np.hypot(apart[..., 0], apart[..., 1]) / self.scale
        return measured
