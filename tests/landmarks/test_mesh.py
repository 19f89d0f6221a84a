from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gnomon.datasets.fg3dcar import VERTICES, CarMeshes, read_car_meshes, read_fg3dcar
from gnomon.errors import DatasetError
from gnomon.landmarks.mesh import project_mesh
from gnomon.types import Landmarks


def test_the_mesh_that_was_photographed_is_found_and_laid_on() -> None:
    random = np.random.default_rng(0)
    vertices = random.uniform(-2, 2, (3, VERTICES, 3))
    meshes = CarMeshes(vertices, np.array([[0, 1], [5, 255]]))
    matrix = np.array([[700.0, 10, 80, 2000], [-20, 650, 60, 1500], [0.02, 0.05, 0.9, 9]])
    seen = np.column_stack([vertices[1], np.ones(VERTICES)]) @ matrix.T
    pixels = seen[:, :2] / seen[:, 2:]
    shown = random.permutation(VERTICES)[:90]
    ids = shown + 1
    landmarks = Landmarks(
        xy=pixels[shown],
        ids=ids,
        names=("",) * 90,
        visible=np.arange(90) >= 5,
        scale=500.0,
    )
    # hidden points may lie anywhere
    landmarks = replace(landmarks, xy=np.where(np.arange(90)[:, None] < 5, 0.0, landmarks.xy))
    found = project_mesh(meshes, landmarks)
    assert found.mesh == 1
    assert found.error < 1e-6
    np.testing.assert_allclose(found.xy, pixels, atol=1e-6)
    np.testing.assert_array_equal(found.edges, meshes.edges)
    clicked = replace(landmarks, xy=landmarks.xy + random.normal(0, 3, (90, 2)))
    inexact = project_mesh(meshes, clicked)
    squares = ((inexact.xy[ids - 1] - clicked.xy) ** 2).sum(axis=1)[clicked.visible]
    assert inexact.error == pytest.approx(np.sqrt(squares.mean()))
    assert 3 < inexact.error < 6
    with pytest.raises(DatasetError, match="6 landmarks or more"):
        project_mesh(meshes, replace(landmarks, visible=np.arange(90) < 5))


def test_the_real_car_is_its_own_mesh(shared: Path) -> None:
    (sample,) = read_fg3dcar(shared / "fg3dcar")
    assert sample.landmarks is not None
    found = project_mesh(read_car_meshes(shared / "fg3dcar"), sample.landmarks)
    assert found.mesh == 0
    assert found.error < 0.005
    rows = sample.landmarks.ids - 1
    np.testing.assert_allclose(found.xy[rows], sample.landmarks.xy, atol=0.02)
    x, y = found.xy.T
    assert ((x > 0) & (x < 800) & (y > 0) & (y < 600)).all()
