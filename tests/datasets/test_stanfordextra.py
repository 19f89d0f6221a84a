import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gnomon.datasets.stanfordextra import JOINTS, read_stanfordextra
from gnomon.errors import DatasetError


def entry(path: str) -> dict[str, object]:
    joints = [[0.0, 0.0, 0.0]] * 24
    joints[0] = [7.5, 3.0, 1.0]
    joints[14] = [5.0, 6.0, 0.0]
    joints[16] = [12.0, 9.0, 1.0]
    return {
        "img_path": path,
        "img_width": 40,
        "img_height": 30,
        "joints": joints,
        "img_bbox": [2, 3, 20, 10],
        "is_multiple_dogs": False,
        "seg": "",
    }


@pytest.fixture
def dogs(tmp_path: Path, write_image: Callable[..., None]) -> Path:
    names = ["n02099601-golden_retriever/n02099601_1.jpg", "n02086240-Shih-Tzu/n02086240_2.jpg"]
    write_image(tmp_path / "Images" / names[0])
    write_image(tmp_path / "Images" / names[1], orientation=6)
    content = [entry(name) for name in names]
    (tmp_path / "StanfordExtra_v12.json").write_text(json.dumps(content))
    return tmp_path


def test_joints_become_landmarks(dogs: Path) -> None:
    retriever, turned = read_stanfordextra(dogs)
    assert (retriever.label, turned.label) == ("golden_retriever", "Shih-Tzu")
    assert retriever.split is None
    found = retriever.landmarks
    assert found is not None
    assert found.names == ("left front leg: paw", "base of left ear", "nose")
    np.testing.assert_array_equal(found.ids, [0, 14, 16])
    np.testing.assert_array_equal(found.visible, [True, False, True])
    np.testing.assert_array_equal(found.xy, [[7.5, 3], [5, 6], [12, 9]])
    assert found.scale == 20
    assert turned.landmarks is not None
    np.testing.assert_allclose(turned.landmarks.xy[0], [26, 7.5])
    assert len(JOINTS) == 24
    assert JOINTS[11] == "right rear leg: top"


def test_the_lists_of_rows_are_the_split(dogs: Path) -> None:
    np.save(dogs / "train_stanford_StanfordExtra_v12.npy", np.array([1]))
    np.save(dogs / "test_stanford_StanfordExtra_v12.npy", np.array([0]))
    assert [sample.split for sample in read_stanfordextra(dogs)] == ["test", "train"]


def test_wrong_folders_get_a_sentence(dogs: Path) -> None:
    (dogs / "StanfordExtra_v12.json").write_text('[{"joints": []}]')
    with pytest.raises(DatasetError, match="is not a list of objects with img_path"):
        read_stanfordextra(dogs)
    content = entry("n02099601-golden_retriever/n02099601_1.jpg")
    del content["img_bbox"]
    (dogs / "StanfordExtra_v12.json").write_text(json.dumps([content]))
    with pytest.raises(DatasetError, match="missing required field 'img_bbox'"):
        read_stanfordextra(dogs)[0]
    (dogs / "StanfordExtra_v12.json").unlink()
    with pytest.raises(DatasetError, match=r"one StanfordExtra_v12\.json .* holds Images/"):
        read_stanfordextra(dogs)
