import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.functional import normalize

from gnomon.classifier import Preprocessing
from gnomon.errors import SettingError

POSITIVE = st.floats(0.01, 300)
ANY = st.builds(
    Preprocessing,
    size=st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
    resize=st.sampled_from(["squash", "pad", "crop"]),
    crop_fraction=st.floats(0.01, 1),
    interpolation=st.sampled_from(["nearest", "box", "bilinear", "bicubic", "lanczos"]),
    mean=st.tuples(POSITIVE, POSITIVE, POSITIVE),
    std=st.tuples(POSITIVE, POSITIVE, POSITIVE),
    channels=st.sampled_from(["rgb", "bgr"]),
    scale=st.sampled_from([1, 255]),
)


@settings(derandomize=True, deadline=None)
@given(ANY)
def test_json_brings_every_field_back(made: Preprocessing) -> None:
    text = json.dumps(made.to_dict())
    assert Preprocessing.from_dict(json.loads(text)) == made


def test_default_is_what_torchvision_does() -> None:
    pixels = torch.rand(2, 3, 5, 7)
    expected = normalize(pixels, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    torch.testing.assert_close(Preprocessing().normalize(pixels), expected)


def test_caffe_order_and_scale() -> None:
    mean = (103.939, 116.779, 123.68)
    caffe = Preprocessing(channels="bgr", scale=255, mean=mean, std=(1, 2, 4))
    picture = np.random.default_rng(0).integers(0, 256, (6, 8, 3))
    expected = (picture[:, :, ::-1] - np.array(mean)) / np.array([1, 2, 4])
    pixels = torch.from_numpy(picture / 255).permute(2, 0, 1)
    found = caffe.normalize(pixels)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.permute(1, 2, 0), expected, atol=1e-12)


def test_gradients_pass() -> None:
    pixels = torch.rand(3, 4, 4, requires_grad=True)
    outputs = Preprocessing(std=(0.5, 0.25, 0.125)).normalize(pixels)
    (gradient,) = torch.autograd.grad(outputs.sum(), pixels)
    torch.testing.assert_close(gradient[:, 0, 0], torch.tensor([2.0, 4.0, 8.0]))


def test_resized_changes_only_what_is_given() -> None:
    given = Preprocessing(size=(10, 20), resize="pad")
    assert given.resized(None, None) == given
    assert given.resized(32, None) == Preprocessing(size=(32, 32), resize="pad")
    assert given.resized((8, 9), "crop") == Preprocessing(size=(8, 9), resize="crop")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("resize", "squish", "did you mean 'squash'"),
        ("interpolation", "cubic", "did you mean 'bicubic'"),
        ("channels", "grb", "unknown channels"),
        ("size", (0, 224), "whole pixels"),
        ("size", (224,), "a whole number or (a whole number, a whole number)"),
        ("size", (224.5, 224), "a whole number or (a whole number, a whole number)"),
        ("mean", (0.5,), "(a number, a number, a number)"),
        ("mean", (0.5, 0.5, float("nan")), "mean is three finite numbers"),
        ("std", (1, 0, 1), "above 0"),
        ("crop_fraction", 1.5, "(0, 1]"),
        ("scale", 128, "1 or 255"),
        ("std", "abc", "(a number, a number, a number)"),
        ("crop_fraction", None, "crop_fraction is None; it is a number"),
        ("gamma", 2.2, "unknown argument 'gamma'"),
    ],
)
def test_what_is_not_allowed_is_said(field: str, value: object, says: str) -> None:
    with pytest.raises(SettingError) as caught:
        Preprocessing.from_dict({field: value})
    assert says in str(caught.value)


def test_one_number_is_a_square() -> None:
    assert Preprocessing(size=224) == Preprocessing(size=(224, 224))  # type: ignore[arg-type]  # README says so
    assert Preprocessing(size=np.int64(96)).size == (96, 96)  # type: ignore[arg-type]
    assert type(Preprocessing(size=np.array([8, 9])).size[0]) is int  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="did you mean 'size'"):
        Preprocessing(sise=224)  # type: ignore[call-arg]  # wrong on purpose


def test_size_zero_is_refused_not_ignored() -> None:
    with pytest.raises(SettingError, match="whole pixels"):
        Preprocessing().resized(0, None)
