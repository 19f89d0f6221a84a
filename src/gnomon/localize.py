"""A sub-pixel place with a covariance for each keypoint, whatever it sits on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gnomon.foerstner.gradients import gradients
from gnomon.types import Floats, Singles

SPREAD, REACH = 2.0, 5
"""Standard deviation of the weights around a point, and how far they reach, in pixels."""
ROUNDS = 2
FURTHEST = 3.5
"""A place is sought in so many rounds, and no further from its start, in pixels."""
EFFECTIVE = 4 * np.pi * SPREAD**2
"""As many pixels of equal weight tell as much as those under the Gaussian."""
FAINT = 1e-3
"""Share of the image's mean squared gradient below which nothing is seen at a place."""
ROUND = 0.2
"""4 det A / tr² A, 1 where edges of all directions weigh alike, 0 along an edge: a ridge's most."""
BLOB = 0.3
"""A blob misfits at most this share of what a corner does."""
CALIBRATION = {"corner": (1.4, 0.05), "blob": (1.0, 0.03), "ridge": (1.0, 0.1)}
"""By kind: what the sums' own covariance is multiplied by, and the standard deviation in pixels
that resampling adds. Chosen on photographs under known warps: docs/refinement.md."""
ALONG = 0.8
"""Standard deviation in pixels along a ridge, where only the structure's peak tells the place."""


@dataclass(frozen=True, slots=True, eq=False)
class Localized:
    """N places (N,2), their covariances (N,2,2) px² and what each sits on (N,)."""

    xy: Floats
    covariance: Floats
    kind: NDArray[np.str_]


class _Fit(NamedTuple):
    """Where lines meet (N,2), how well that is known (N,2,2), the misfit and the roundness (N,).

    The misfit is the weighted sum of squared residuals, the roundness 4 det A / tr² A.
    """

    xy: Floats
    covariance: Floats
    misfit: Floats
    roundness: Floats


def localize(gray: Singles, xy: Floats, spread: Floats) -> Localized:
    """Find the sub-pixel place of each of ``xy`` (N,2), peaks of the structure of ``gray`` (h,w).

    A *corner* is where the edges around a point meet (Förstner and Gülch 1987), a *blob* where
    their normals do (the same sums, of gradients turned by 90°), if that misfits clearly less. On a
    *ridge* the image tells the place across an edge, to which the point moves, and the structure's
    peak tells the rest. Where the image shows nothing, a point stays as *map*, its standard
    deviation that of the evidence, ``spread`` (N,). The sums are solved twice from the peak and not
    until they rest: the peak is found again, and a place that follows from it smoothly is too,
    where the point of rest may jump from one corner to the next.
    """
    slopes = gradients(gray)
    corner, blob = (_solved(slopes, xy, turned=turned) for turned in (False, True))
    is_map = _energy(slopes, xy) <= FAINT * float((slopes**2).sum(axis=0).mean())
    is_ridge = corner.roundness <= ROUND
    is_blob = blob.misfit < BLOB * corner.misfit
    kind = np.select([is_map, is_ridge, is_blob], ["map", "ridge", "blob"], "corner")
    crossed, across, along = _across(slopes, xy)
    chosen = [is_map[:, None], is_ridge[:, None], is_blob[:, None]]
    places = np.select(chosen, [xy, crossed, blob.xy], corner.xy)
    wider = [one[:, None] for one in chosen]
    evident = spread[:, None, None] ** 2 * np.eye(2)
    own = np.select(wider, [evident, across, blob.covariance], corner.covariance)
    return Localized(places, _calibrated(own, along, kind), kind)


def _solved(slopes: Singles, xy: Floats, *, turned: bool) -> _Fit:
    """Fit around each point, then around the place that was found; measure the fit there."""
    place = xy
    for _ in range(ROUNDS):
        step = _fit(slopes, place, turned=turned).xy - xy
        far = np.maximum(np.hypot(*step.T) / FURTHEST, 1.0)
        place = xy + step / far[:, None]
    return _fit(slopes, place, turned=turned)._replace(xy=place)


def _fit(slopes: Singles, xy: Floats, *, turned: bool) -> _Fit:
    """Solve A s = b, A = Σ w ggᵀ, b = Σ w ggᵀ d, over the pixels at offsets d from each point.

    g is the gradient, or the gradient ``turned`` by 90°.
    """
    g, d, weight = _around(slopes, xy)
    if turned:
        g = np.stack([-g[1], g[0]])
    a = np.einsum("nk,ink,jnk->nij", weight, g, g)
    b = np.einsum("nk,ink,jnk,jnk->ni", weight, g, g, d)
    trace = a.trace(axis1=1, axis2=2)
    unit = np.where(trace > 0, trace, 1.0)
    roundness = 4 * np.linalg.det(a / unit[:, None, None])
    # A little of the identity keeps the sums solvable along an edge, and their inverse finite.
    inverse = np.linalg.inv(a + unit[:, None, None] * 1e-6 * np.eye(2))
    step = np.einsum("nij,nj->ni", inverse, b)
    misses = (g * (d - step.T[:, :, None])).sum(axis=0)
    misfit = (weight * misses**2).sum(axis=1)
    variance = misfit / _total(weight) * EFFECTIVE / (EFFECTIVE - 2)
    spread = np.einsum("nk,ink,jnk->nij", weight**2, g, g)
    covariance = variance[:, None, None] * (inverse @ spread @ inverse)
    return _Fit(xy + step, covariance, misfit, roundness)


def _around(slopes: Singles, xy: Floats) -> tuple[Floats, Floats, Floats]:
    """Return gradients (2,N,K), offsets (2,N,K) and weights (N,K) of the pixels at each point."""
    (height, width) = slopes.shape[1:]
    steps = np.arange(-REACH, REACH + 1)
    down, across = (step.ravel() for step in np.meshgrid(steps, steps, indexing="ij"))
    columns = np.rint(xy[:, :1]).astype(np.int64) + across
    rows = np.rint(xy[:, 1:]).astype(np.int64) + down
    offsets = np.stack([columns - xy[:, :1], rows - xy[:, 1:]])
    inside = (columns >= 1) & (columns < width - 1) & (rows >= 1) & (rows < height - 1)
    weight = np.exp(-(offsets**2).sum(axis=0) / (2 * SPREAD**2)) * inside
    seen = slopes[:, rows.clip(0, height - 1), columns.clip(0, width - 1)].astype(np.float64)
    return seen, offsets, weight


def _total(weight: Floats) -> Floats:
    """Sum the weights of each point (N,), 1 where it has none, as in an image without inside."""
    total: Floats = weight.sum(axis=1)
    return np.where(total > 0, total, 1.0)


def _energy(slopes: Singles, xy: Floats) -> Floats:
    """Return the weighted mean of the squared gradient at each point (N,)."""
    g, _, weight = _around(slopes, xy)
    total: Floats = (weight * (g**2).sum(axis=0)).sum(axis=1) / _total(weight)
    return total


def _across(slopes: Singles, xy: Floats) -> tuple[Floats, Floats, Floats]:
    """Move points across the edge they are near, at most ``FURTHEST``.

    Return the places (N,2), the covariance across the edge (N,2,2), and the matrix (N,2,2) that
    projects on its direction.
    """
    g, d, weight = _around(slopes, xy)
    a = np.einsum("nk,ink,jnk->nij", weight, g, g)
    b = np.einsum("nk,ink,jnk,jnk->ni", weight, g, g, d)
    values, vectors = np.linalg.eigh(a)
    normal, tangent = vectors[:, :, 1], vectors[:, :, 0]
    most = np.where(values[:, 1] > 0, values[:, 1], 1.0)
    step = ((b * normal).sum(axis=1) / most).clip(-FURTHEST, FURTHEST)
    misses = (g * (d - (step[:, None] * normal).T[:, :, None])).sum(axis=0)
    variance = (weight * misses**2).sum(axis=1) / _total(weight) / most
    across = variance[:, None, None] * normal[:, :, None] * normal[:, None, :]
    return xy + step[:, None] * normal, across, tangent[:, :, None] * tangent[:, None, :]


def _calibrated(own: Floats, along: Floats, kind: NDArray[np.str_]) -> Floats:
    """Make covariances (N,2,2) keep their promise."""
    calibrated = own.copy()
    for name, (factor, resampling) in CALIBRATION.items():
        of_kind = kind == name
        calibrated[of_kind] = factor * own[of_kind] + resampling**2 * np.eye(2)
    calibrated[kind == "ridge"] += ALONG**2 * along[kind == "ridge"]
    return calibrated
