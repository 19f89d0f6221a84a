from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from gnomon.datasets.fg3dcar import (
    VERTICES,
    part_of,
    read_car_meshes,
    read_fg3dcar,
    twin,
)
from gnomon.errors import DatasetError


@pytest.fixture
def cars(tmp_path: Path, write_image: Callable[..., None]) -> Path:
    write_image(tmp_path / "images/Ford_F_150_2009_03.png")
    (tmp_path / "landmarks.csv").write_text(
        "image,vertex_id_1based,x_px,y_px\n"
        "Ford_F_150_2009_03.png,52,1.5,2\n"
        "Ford_F_150_2009_03.png,181,11.5,22\n"
    )
    models = np.arange(2 * 3 * VERTICES, dtype=float).reshape(6, VERTICES)
    savemat(tmp_path / "cadmodels.mat", {"cadmodels": models, "edge": np.array([[1, 256]])})
    return tmp_path


def test_landmarks_are_vertices_with_parts(cars: Path) -> None:
    (sample,) = read_fg3dcar(cars)
    assert sample.label == "Ford F 150"
    assert sample.landmarks is not None
    assert sample.landmarks.names == ("Bonnet", "Headlight")
    np.testing.assert_array_equal(sample.landmarks.ids, [52, 181])
    np.testing.assert_array_equal(sample.landmarks.xy, [[1.5, 2], [11.5, 22]])
    np.testing.assert_array_equal(sample.boxes, [[1.5, 2, 10, 20]])
    assert sample.landmarks.scale == 20


def test_meshes_keep_their_order(cars: Path) -> None:
    meshes = read_car_meshes(cars)
    assert meshes.vertices.shape == (2, VERTICES, 3)
    np.testing.assert_array_equal(
        meshes.vertices[1, 5], [3 * VERTICES + 5, 4 * VERTICES + 5, 5 * VERTICES + 5]
    )
    np.testing.assert_array_equal(meshes.edges, [[0, 255]])


def test_twins_are_each_others_and_share_their_part() -> None:
    for vertex in range(1, VERTICES + 1):
        assert twin(twin(vertex)) == vertex
        assert abs(twin(vertex) - vertex) == 128
        assert part_of(twin(vertex)) == part_of(vertex)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("a.png,300,1,2\n", "vertices are 1 to 256, found 300"),
        ("a.png,3,1\n", "expected image, vertex, x, y"),
        ("a.png,3,1,low\n", "expected a number, found 'low'"),
    ],
)
def test_bad_rows_get_a_sentence(cars: Path, row: str, complaint: str) -> None:
    (cars / "landmarks.csv").write_text("image,vertex_id_1based,x_px,y_px\n" + row)
    with pytest.raises(DatasetError, match=complaint):
        read_fg3dcar(cars)


def test_a_bad_mesh_gets_a_sentence(cars: Path) -> None:
    savemat(cars / "cadmodels.mat", {"cadmodels": np.zeros((6, 7)), "edge": np.array([[1, 2]])})
    with pytest.raises(DatasetError, match=r"expected cadmodels of 3Kx256 .* found \(6, 7\)"):
        read_car_meshes(cars)
    (cars / "cadmodels.mat").unlink()
    with pytest.raises(DatasetError, match=r"has no cadmodels\.mat; it holds"):
        read_fg3dcar(cars)


def test_the_real_car(shared: Path) -> None:
    (sample,) = read_fg3dcar(shared / "fg3dcar")
    assert sample.label == "Toyota Prius"
    assert sample.landmarks is not None
    assert 140 <= len(sample.landmarks.xy) <= 180
    meshes = read_car_meshes(shared / "fg3dcar")
    assert meshes.vertices.shape == (15, VERTICES, 3)
    assert meshes.edges.min() == 0
    assert meshes.edges.max() == VERTICES - 1
    mirrored = meshes.vertices[:, [twin(v) - 1 for v in range(1, VERTICES + 1)]] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, meshes.vertices, atol=1e-9)


def test_a_camera_carries_the_real_mesh_onto_the_real_landmarks(shared: Path) -> None:
    """The vertex numbers are right: a projective camera fits to a hundredth of a pixel."""
    (sample,) = read_fg3dcar(shared / "fg3dcar")
    assert sample.landmarks is not None
    vertices = read_car_meshes(shared / "fg3dcar").vertices
    errors = []
    for mesh in vertices:
        x = np.column_stack([mesh[sample.landmarks.ids - 1], np.ones(len(sample.landmarks.ids))])
        u, v = (sample.landmarks.xy - 400).T / 400
        zero = np.zeros_like(x)
        rows = np.concatenate(
            [np.hstack([x, zero, -u[:, None] * x]), np.hstack([zero, x, -v[:, None] * x])]
        )
        camera = np.linalg.svd(rows)[2][-1].reshape(3, 4)
        projected = x @ camera.T
        seen = projected[:, :2] / projected[:, 2:] * 400 + 400
        errors.append(float(np.abs(seen - sample.landmarks.xy).max()))
    assert min(errors) < 0.01
    assert sorted(errors)[1] > 1
