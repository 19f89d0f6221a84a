"""The car mesh laid over a photograph."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon.datasets.fg3dcar import CarMeshes
from gnomon.landmarks.camera import fit_camera
from gnomon.types import Floats, Landmarks


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A mesh in a photograph: ``xy`` (V,2) pixels of all its vertices, vertex i + 1 in row i.

    ``edges`` (E,2) are pairs of rows; ``mesh`` the number of the mesh, from 0; ``error`` the root
    mean square distance, in pixels, of its visible vertices from the annotated landmarks.
    """

    xy: Floats
    edges: NDArray[np.int64]
    mesh: int
    error: float


def project_mesh(meshes: CarMeshes, landmarks: Landmarks) -> Projection:
    """Lay the mesh that fits best over a photograph, by a camera for each mesh.

    Landmark ids are vertices, counted from 1. ``DatasetError`` where the visible landmarks do not
    determine a camera.
    """
    rows = landmarks.ids[landmarks.visible] - 1
    seen = landmarks.xy[landmarks.visible]
    projections = []
    for number, vertices in enumerate(meshes.vertices):
        xy = fit_camera(vertices[rows], seen).project(vertices)
        apart = np.linalg.norm(xy[rows] - seen, axis=1)
        error = float(np.sqrt(np.mean(apart**2)))
        projections.append(Projection(xy, meshes.edges, number, error))
    return min(projections, key=lambda projection: projection.error)
