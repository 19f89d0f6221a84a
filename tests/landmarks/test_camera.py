import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.errors import DatasetError
from gnomon.landmarks.camera import Camera, fit_camera
from gnomon.types import Floats


def known_camera(random: np.random.Generator) -> Floats:
    """A camera of 900 px focal length that turns anyhow and stands some metres off."""
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    turn *= np.linalg.det(turn)
    inner = np.array([[900.0, 0, 400], [0, 900, 300], [0, 0, 1]])
    matrix: Floats = inner @ np.column_stack([turn, [0.2, -0.3, 8.0]])
    return matrix


def project(matrix: Floats, places: Floats) -> Floats:
    seen = np.array([matrix @ [*place, 1.0] for place in places])
    pixels: Floats = seen[:, :2] / seen[:, 2:]
    return pixels


@given(st.integers(0, 10_000), st.integers(6, 40))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_finds_a_known_camera(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    matrix = known_camera(random)
    places = random.uniform(-2, 2, (n, 3))
    camera = fit_camera(places, project(matrix, places))
    unseen = random.uniform(-2, 2, (50, 3))
    if n >= 8:  # six points may lie badly by chance
        np.testing.assert_allclose(camera.project(unseen), project(matrix, unseen), atol=1e-4)
        known = matrix / np.linalg.norm(matrix)
        assert abs(float((camera.matrix * known).sum())) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(camera.project(places), project(matrix, places), atol=1e-4)


def test_noise_is_averaged_out() -> None:
    random = np.random.default_rng(1)
    matrix = known_camera(random)
    places = random.uniform(-2, 2, (400, 3))
    clean = project(matrix, places)
    camera = fit_camera(places, clean + random.normal(0, 1.0, clean.shape))
    error = np.linalg.norm(camera.project(places) - clean, axis=1)
    expected = np.sqrt(11 / 400)  # eleven unknowns of 800 numbers with a deviation of 1 px
    assert float(np.sqrt(np.mean(error**2))) < 2 * expected


def test_five_points_are_too_few() -> None:
    random = np.random.default_rng(0)
    places = random.uniform(-2, 2, (5, 3))
    with pytest.raises(DatasetError, match="6 landmarks or more, found 5"):
        fit_camera(places, project(known_camera(random), places))


@pytest.mark.parametrize("flat", ["plane", "line", "point"])
def test_points_that_leave_the_camera_open_are_refused(flat: str) -> None:
    random = np.random.default_rng(0)
    places = random.uniform(-2, 2, (20, 3))
    places[:, {"plane": [2], "line": [1, 2], "point": [0, 1, 2]}[flat]] = 0.5
    with pytest.raises(DatasetError, match="many cameras fit"):
        fit_camera(places, project(known_camera(random), places))


def test_a_place_level_with_the_camera_has_no_pixel() -> None:
    camera = Camera(np.eye(3, 4))
    seen = camera.project(np.array([[1.0, 1.0, 0.0], [1.0, 2.0, 4.0]]))
    np.testing.assert_array_equal(seen, [[np.nan, np.nan], [0.25, 0.5]])
