import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor, nn

from gnomon.classifier import Classifier, Preprocessing
from gnomon.errors import SettingError
from gnomon.geometry import Affine
from gnomon.occlusion import FILLS, DenseEngine, Occlusion, occlude, occlude_several, prepare_engine
from gnomon.types import Heatmap, Image


def classifier(dtype: torch.dtype = torch.float32) -> Classifier:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 12, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(12, 16, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(4),
        nn.Flatten(),
        nn.Linear(256, 6),
    )
    return Classifier(network.to(dtype), Preprocessing(size=(48, 64)))


def image(height: int = 48, width: int = 64) -> Image:
    pixels = torch.rand(3, height, width, generator=torch.Generator().manual_seed(5))
    return Image(pixels, "drawn", "drawn 5", (width, height), Affine.identity())


@pytest.mark.parametrize(
    ("height", "width", "patch", "stride"), [(48, 64, 16, 8), (48, 64, 16, 16), (40, 52, 12, 4)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("engine", ["dense", "incremental"])
def test_a_constant_fill_gives_captums_map(
    height: int, width: int, patch: int, stride: int, dtype: torch.dtype, engine: str
) -> None:
    judge, photo = classifier(dtype), image(height, width)
    ours = occlude(judge, photo, patch=patch, stride=stride, fill="constant", engine=engine)
    clean = judge.probabilities(photo.pixels[None])[0, ours.label_index]

    def capped(inputs: Tensor) -> Tensor:
        """No rise counts: Captum attributes the fall below the clean image, as we do."""
        outputs: Tensor = judge.network(inputs).double()
        return outputs.softmax(1)[:, ours.label_index].clamp(max=clean)

    normalize = judge.preprocessing.normalize
    inputs = normalize(photo.pixels[None].to(dtype))
    with torch.no_grad():
        theirs = CaptumOcclusion(capped).attribute(
            inputs,
            sliding_window_shapes=(3, patch, patch),
            strides=(3, stride, stride),
            baselines=normalize(torch.full_like(inputs, 0.5)),
            perturbations_per_eval=8,
        )
    for channel in theirs[0]:
        np.testing.assert_allclose(ours.values, channel, atol=1e-5 * float(theirs.max()))
    assert float(theirs.max()) > 1e-4
    assert ours.probability == pytest.approx(float(clean))


@pytest.mark.parametrize("engine", ["dense", "incremental"])
@pytest.mark.parametrize("draws", [1, 3])
def test_drops_are_what_the_definition_says(draws: int, engine: str) -> None:
    judge, photo = classifier(torch.float64), image(45, 61)
    found = occlude(
        judge, photo, patch=8, stride=6, draws=draws, seed=4, engine=engine, label_index=2
    )
    windows = torch.from_numpy(found.windows)
    clean = judge.probabilities(photo.pixels[None])[0, 2]
    expected = np.zeros(len(windows))
    for draw in range(draws):
        patches = FILLS["random"](photo, windows, 8, 4, draw)
        for i, (y, x) in enumerate(windows.tolist()):
            hidden = photo.pixels.clone()
            hidden[:, y : y + 8, x : x + 8] = patches[i]
            probability = judge.probabilities(hidden[None])[0, 2]
            expected[i] += max(float(clean - probability), 0.0) / draws
    np.testing.assert_allclose(found.drops, expected, rtol=1e-9, atol=1e-15)
    assert 0 < (found.drops == 0).sum() < len(windows)
    assert isinstance(found, Heatmap)
    assert found.kind == "coarse"
    assert found.values.shape == (45, 61)
    assert found.label_index == 2
    assert found.probability == pytest.approx(float(clean))
    assert (found.work.engine, found.work.windows) == (engine, draws * len(windows))
    assert found.work.seconds > 0


def test_what_hides_nothing_drops_nothing_to_the_bit() -> None:
    gray = replace(image(), pixels=torch.full((3, 48, 64), 0.5))
    found = occlude(classifier(), gray, fill="constant", engine="dense")
    assert not found.drops.any()
    assert not found.values.any()


def bits(found: Occlusion) -> str:
    return sha256(found.drops.tobytes() + found.values.tobytes()).hexdigest()


def test_bits_do_not_depend_on_batch_or_engines_past_or_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = classifier()
    engine = DenseEngine(judge.network, batch_size=19)
    occlude(judge, image(30, 30), engine=engine)
    here = {
        bits(occlude(judge, image(), engine="dense")),
        bits(occlude(judge, image(), engine=engine)),
        bits(occlude(judge, image(), engine=prepare_engine(judge, "dense"))),
    }
    monkeypatch.setattr(sys.modules["gnomon.occlusion.occlude"], "WINDOWS_AT_A_TIME", 11)
    here.add(bits(occlude(judge, image(), engine="dense")))
    assert here == {bits_elsewhere("dense")}


def bits_elsewhere(engine: str) -> str:
    """Give the map's bits as another process finds them."""
    script = (
        "import importlib.util, sys, torch\n"
        f"torch.set_num_threads({torch.get_num_threads()})\n"
        "spec = importlib.util.spec_from_file_location('there', sys.argv[1])\n"
        "there = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(there)\n"
        f"found = there.occlude(there.classifier(), there.image(), engine={engine!r})\n"
        "print(there.bits(found))\n"
    )
    command = [sys.executable, "-c", script, __file__]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_incremental_engines_bits_do_not_depend_on_its_past_or_the_process() -> None:
    judge = classifier()
    engine = prepare_engine(judge, "incremental")
    occlude(judge, image(30, 30), engine=engine)
    here = {
        bits(occlude(judge, image(), engine="incremental")),
        bits(occlude(judge, image(), engine=engine)),
        bits(occlude(judge, image(), engine=engine)),
    }
    assert here == {bits_elsewhere("incremental")}


def test_progress_reaches_the_total_and_never_goes_back() -> None:
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    found = occlude(classifier(), image(), draws=2, engine="dense", progress=tell)
    total = 2 * len(found.windows)
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len({done for done, _ in told}) > 2


def test_the_seed_changes_the_random_map_only() -> None:
    judge = classifier()
    engine = prepare_engine(judge, "dense")

    def found(fill: str, seed: int) -> str:
        return bits(occlude(judge, image(), fill=fill, seed=seed, engine=engine))

    assert found("random", 0) != found("random", 1)
    assert found("mean", 0) == found("mean", 1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"fill": "randon"}, "did you mean 'random'"),
        ({"engine": "danse"}, "did you mean 'dense'"),
        ({"patch": 49}, "between 1 and 48"),
        ({"stride": 0}, "stride is 0"),
        ({"draws": 0}, "draws is 0"),
        ({"label_index": 6}, "0 to 5"),
        ({"label_index": -1}, "0 to 5"),
    ],
)
def test_bad_use_gets_a_sentence(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        occlude(classifier(), image(), **wrong)


@pytest.mark.parametrize("engine", ["dense", "incremental"])
def test_several_images_have_the_maps_that_each_has_alone(engine: str) -> None:
    judge = classifier(torch.float64)
    photos = [image(), replace(image(), pixels=image().pixels.flip(2), content_hash="mirrored")]
    told: list[tuple[int, int]] = []
    together = occlude_several(
        judge,
        photos,
        engine=engine,
        draws=2,
        label_indices=[1, 3],
        progress=lambda *now: told.append(now),
    )
    for found, photo, label in zip(together, photos, [1, 3], strict=True):
        alone = occlude(judge, photo, engine=engine, draws=2, label_index=label)
        np.testing.assert_allclose(found.values, alone.values, rtol=1e-9, atol=1e-15)
        assert (found.label_index, found.work.windows) == (label, alone.work.windows)
        assert found.probability == pytest.approx(alone.probability, rel=1e-12)
    assert told[-1] == (140, 140)
    likeliest = [found.label_index for found in occlude_several(judge, photos)]
    assert likeliest == [occlude(judge, photo).label_index for photo in photos]


def test_images_of_several_sizes_are_refused() -> None:
    with pytest.raises(SettingError, match="one size"):
        occlude_several(classifier(), [image(), image(30, 30)])
    with pytest.raises(SettingError, match="not none"):
        occlude_several(classifier(), [])


def test_a_fill_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def half(image: Image, windows: Tensor, patch: int, seed: int, draw: int) -> Tensor:
        return torch.zeros(len(windows), 3, patch, patch // 2)

    monkeypatch.setitem(FILLS, "half", half)
    with pytest.raises(SettingError, match=r"fill 'half' gave \(35, 3, 16, 8\)"):
        occlude(classifier(), image(), fill="half")
