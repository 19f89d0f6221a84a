from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from gnomon.datasets.pf_willow import read_pf_willow
from gnomon.errors import DatasetError


@pytest.fixture
def pairs(tmp_path: Path, write_image: Callable[..., None]) -> Path:
    write_image(tmp_path / "car(G)/Cars_001a.png")
    points = np.array([[1.0, 11.0, 3.5], [1.0, 6.0, 31.0]])
    savemat(tmp_path / "car(G)/Cars_001a.mat", {"pts_coord": points})
    return tmp_path


def test_points_are_counted_from_zero(pairs: Path) -> None:
    (sample,) = read_pf_willow(pairs)
    assert (sample.image.name, sample.label) == ("Cars_001a.png", "car")
    assert sample.landmarks is not None
    np.testing.assert_array_equal(sample.landmarks.xy, [[0, 0], [10, 5], [2.5, 30]])
    np.testing.assert_array_equal(sample.landmarks.ids, [1, 2, 3])
    assert sample.landmarks.scale == 30
    np.testing.assert_array_equal(sample.boxes, [[0, 0, 10, 30]])


def test_wrong_folders_and_tables_get_a_sentence(pairs: Path) -> None:
    savemat(pairs / "car(G)/Cars_001a.mat", {"points": np.zeros((2, 3))})
    with pytest.raises(DatasetError, match=r"Cars_001a\.mat is not a MATLAB file .* pts_coord"):
        read_pf_willow(pairs)
    savemat(pairs / "car(G)/Cars_001a.mat", {"pts_coord": np.zeros((3, 5))})
    with pytest.raises(DatasetError, match=r"2xN, x above y, not \(3, 5\)"):
        read_pf_willow(pairs)
    (pairs / "car(G)/Cars_001a.mat").write_text("no MATLAB")
    with pytest.raises(DatasetError, match="is not a MATLAB file"):
        read_pf_willow(pairs)
    version_7_3 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (pairs / "car(G)/Cars_001a.mat").write_bytes(version_7_3)
    with pytest.raises(DatasetError, match=r"is not a MATLAB file .* HDF"):
        read_pf_willow(pairs)
    (pairs / "car(G)/Cars_001a.mat").unlink()
    with pytest.raises(DatasetError, match=r"NAME\.mat; .* holds car\(G\)/"):
        read_pf_willow(pairs)
