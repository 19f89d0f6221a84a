from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from gnomon.classifier import Preprocessing
from gnomon.images import Resize, load_image
from gnomon.training.augment import PlainView, VariedView


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """Save noise that is dark in its left half and bright in its right half."""
    pixels = np.random.default_rng(0).integers(0, 60, (90, 130, 3), dtype=np.uint8)
    pixels[:, 65:] += 150
    PIL.Image.fromarray(pixels).save(tmp_path / "half.png")
    return tmp_path / "half.png"


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
def test_the_plain_view_is_what_the_classifier_gets(photograph: Path, resize: Resize) -> None:
    preprocessing = Preprocessing(size=(48, 64), resize=resize, interpolation="bicubic")
    view = PlainView(preprocessing)
    wanted = load_image(
        photograph,
        size=(48, 64),
        resize=resize,
        interpolation="bicubic",
        crop_fraction=preprocessing.crop_fraction,
    ).pixels
    torch.testing.assert_close(view.vary(view.canvas(photograph)), wanted, rtol=0, atol=1e-6)


def test_the_varied_canvas_of_a_cropping_preprocessing_shows_more_at_the_same_scale(
    photograph: Path,
) -> None:
    preprocessing = Preprocessing(size=(56, 56), resize="crop", crop_fraction=0.875)
    canvas = VariedView(preprocessing, flip=True).canvas(photograph)
    assert canvas.shape == (3, 64, 64)
    assert torch.equal(canvas[:, 4:60, 4:60], PlainView(preprocessing).canvas(photograph))


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
def test_variations_have_the_models_size_and_stay_in_range(
    photograph: Path, resize: Resize
) -> None:
    view = VariedView(Preprocessing(size=(48, 64), resize=resize), flip=True)
    canvas = view.canvas(photograph)
    torch.manual_seed(0)
    shown = torch.stack([view.vary(canvas) for _ in range(20)])
    assert shown.shape == (20, 3, 48, 64)
    assert shown.dtype == torch.float32
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert len({one.sum().item() for one in shown}) == 20


@pytest.mark.parametrize("flip", [True, False])
def test_only_where_it_may_a_picture_is_mirrored(photograph: Path, flip: bool) -> None:
    view = VariedView(Preprocessing(size=(48, 48)), flip=flip)
    canvas = view.canvas(photograph)
    torch.manual_seed(0)
    shown = torch.stack([view.vary(canvas) for _ in range(20)])
    mirrored = shown[..., :8].mean(dim=(1, 2, 3)) > shown[..., -8:].mean(dim=(1, 2, 3)) + 0.05
    assert mirrored.any() == flip
