import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from gnomon.geometry import Affine
from gnomon.propose import FLOOR, LEAST_EVIDENCE, Candidates, propose
from gnomon.structure import structure
from gnomon.types import Heatmap, Singles

SIZE = (120, 90)
MODEL = (30, 30)
TO_DETAIL = Affine.resize(MODEL, SIZE)


def gray(seed: int = 0) -> Singles:
    values = np.random.default_rng(seed).random(SIZE[::-1])
    smooth: Singles = gaussian_filter(values, 1.5).astype(np.float32)
    return smooth


def hill(x: float, y: float, width: float = 6.0) -> Heatmap:
    rows, columns = np.mgrid[: MODEL[1], : MODEL[0]]
    values = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * width**2))
    return Heatmap(values.astype(np.float32), "fine")


def found(evidence: Heatmap, **changes: float) -> Candidates:
    settings = {"smoothing": 1.0, "structure_weight": 0.3, "radius": 2.0} | changes
    return propose(gray(), evidence, TO_DETAIL, **settings)


def test_the_score_is_log_evidence_plus_log_structure() -> None:
    evidence = hill(15, 10)
    candidates = found(evidence)
    # 4 detail pixels a model pixel along x and 3 along y: a round Gaussian in the file.
    smooth = gaussian_filter(evidence.values.astype(np.float64), (4 / 3, 1.0), mode="reflect")
    strength = structure(gray())
    at = TO_DETAIL.inverse().apply(candidates.xy)
    e = map_coordinates(smooth, at.T[::-1], order=1, mode="nearest") / smooth.max()
    r = map_coordinates(strength.astype(float), candidates.xy.T[::-1], order=1) / strength.mean()
    np.testing.assert_allclose(candidates.score, np.log(e) + 0.3 * np.log(r + FLOOR), atol=1e-5)
    np.testing.assert_allclose(candidates.evidence, e, rtol=1e-5)
    np.testing.assert_allclose(candidates.strength, r, rtol=1e-5)
    np.testing.assert_allclose(candidates.focus, e * smooth.max() / smooth.mean(), rtol=1e-5)
    assert (np.diff(candidates.score) <= 0).all()
    assert len(candidates) > 10


def test_without_weight_the_structure_places_points_and_does_not_order_them() -> None:
    candidates = found(hill(15, 10), structure_weight=0.0)
    np.testing.assert_allclose(candidates.score, np.log(candidates.evidence))


def test_candidates_lie_where_the_class_needs_them_and_apart() -> None:
    candidates = found(hill(8, 22, 3.0), radius=3.0)
    assert (candidates.evidence >= LEAST_EVIDENCE).all()
    middle = TO_DETAIL.apply([[8, 22]])[0]
    assert (np.hypot(*(candidates.xy - middle).T) < 4 * 3 * 3).all()
    between = np.linalg.norm(candidates.xy[:, None] - candidates.xy[None], axis=2)
    np.fill_diagonal(between, np.inf)
    assert between.min() > 3.0 * 4, "as far as model pixels are wide along the longer side"


def test_a_place_without_structure_is_the_evidences_peak() -> None:
    flat = np.full(SIZE[::-1], 0.5, np.float32)
    settings = {"smoothing": 1.0, "structure_weight": 0.3, "radius": 2.0}
    candidates = propose(flat, hill(12, 9, 2.0), TO_DETAIL, **settings)
    assert len(candidates) == 1
    np.testing.assert_allclose(candidates.xy, TO_DETAIL.apply([[12, 9]]), atol=0.1)
    assert candidates.strength[0] == 0
    sharp = candidates.spread[0]
    wide = propose(flat, hill(12, 9, 6.0), TO_DETAIL, **settings).spread[0]
    assert 0 < sharp < wide


def test_no_evidence_gives_no_candidates() -> None:
    assert len(found(Heatmap(np.zeros(MODEL, np.float32), "fine"))) == 0


def test_what_lies_beside_the_file_is_no_candidate() -> None:
    """Padded above: the file's first row is the model's tenth."""
    to_detail = Affine.translation(0, -10).then(Affine.resize((30, 20), SIZE))
    flat = np.full(SIZE[::-1], 0.5, np.float32)
    settings = {"smoothing": 1.0, "structure_weight": 0.3, "radius": 2.0}
    assert len(propose(flat, hill(15, 4, 2.0), to_detail, **settings)) == 0
    assert len(propose(flat, hill(15, 14, 2.0), to_detail, **settings)) == 1


@pytest.mark.parametrize("gain", [0.2, 3.0])
def test_contrast_and_the_size_of_the_evidence_change_nothing(gain: float) -> None:
    settings = {"smoothing": 1.0, "structure_weight": 0.3, "radius": 2.0}
    evidence = hill(15, 10)
    plain = propose(gray(), evidence, TO_DETAIL, **settings)
    louder = Heatmap(evidence.values * np.float32(gain), "fine")
    other = propose(gray() * np.float32(0.25), louder, TO_DETAIL, **settings)
    np.testing.assert_allclose(other.xy, plain.xy, atol=1e-3)
    np.testing.assert_allclose(other.score, plain.score, atol=1e-4)
