import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers
from transformers.models.auto import modeling_auto

from gnomon.classifier import load_classifier
from gnomon.classifier.hf_config import safe_config
from gnomon.classifier.hf_models import _preprocessing
from gnomon.errors import ClassifierError


def resnet() -> Any:
    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16],
        depths=[1, 1],
        layer_type="basic",
        id2label={0: "ant", 1: "bee", 2: "cat"},
    )
    model: Any = transformers.ResNetForImageClassification(config)
    return model.eval()


def folder_of(model: Any, processor: Any, folder: Path) -> str:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return f"hf/{folder}"


def test_a_folder_gives_the_model_s_own_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, processor = resnet(), transformers.ConvNextImageProcessor(size={"shortest_edge": 384})
    folder_of(model, processor, tmp_path / "folder")
    monkeypatch.chdir(tmp_path)
    classifier = load_classifier("hf/./folder")
    picture = np.random.default_rng(0).integers(0, 256, (384, 384, 3), dtype=np.uint8)
    taken = processor(images=PIL.Image.fromarray(picture), return_tensors="pt")["pixel_values"]
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
    torch.testing.assert_close(classifier.logits(pixels), model(taken).logits)
    assert classifier.class_names == ("ant", "bee", "cat")
    assert classifier.preprocessing.size == (384, 384)
    assert classifier.name == "hf/./folder"
    assert classifier.architecture is not None
    assert (classifier.architecture.spec, classifier.architecture.n_classes) == ("hf", 3)
    assert json.loads(classifier.architecture.config)["depths"] == [1, 1]


@pytest.mark.parametrize(
    ("processor", "options"),
    [
        ("ViTImageProcessor", {"size": {"height": 48, "width": 64}}),
        ("ViTImageProcessor", {"size": {"height": 48, "width": 64}, "do_normalize": False}),
        ("ViTImageProcessor", {"size": {"height": 48, "width": 64}, "do_rescale": False}),
        ("ViTImageProcessor", {"size": {"height": 64, "width": 64}, "rescale_factor": 1 / 127.5}),
        ("ConvNextImageProcessor", {"size": {"shortest_edge": 384}}),
        ("MobileViTImageProcessor", {"crop_size": {"height": 64, "width": 64}}),
        ("EfficientNetImageProcessor", {"rescale_offset": True, "include_top": True}),
        ("BitImageProcessor", {"crop_size": {"height": 64, "width": 64}}),
    ],
)
def test_any_processor_s_arithmetic_is_learnt(processor: str, options: dict[str, Any]) -> None:
    if options.get("rescale_factor"):
        options = options | {"image_mean": [0.5, 1.0, 1.5], "image_std": [0.2, 0.3, 0.4]}
    made = getattr(transformers, processor)(**options)
    found = _preprocessing(made)
    height, width = found.size
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    plain = {"do_resize": False, "do_center_crop": False}
    taken = made(images=PIL.Image.fromarray(picture), return_tensors="np", **plain)["pixel_values"]
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
    scale = np.abs(taken).max()
    np.testing.assert_allclose(found.normalize(pixels).numpy(), taken, atol=1e-5 * scale)


def test_crop_fraction_is_the_processor_s() -> None:
    size, crop = {"shortest_edge": 256}, {"height": 224, "width": 224}
    made = transformers.BitImageProcessor(size=size, crop_size=crop)
    assert _preprocessing(made).crop_fraction == 224 / 256
    assert _preprocessing(transformers.ViTImageProcessor()).crop_fraction == 1
    assert _preprocessing(transformers.ConvNextImageProcessor()).interpolation == "bicubic"


def test_a_network_without_its_head_is_said(tmp_path: Path) -> None:
    spec = folder_of(resnet().resnet, transformers.ConvNextImageProcessor(), tmp_path)
    with pytest.raises(ClassifierError, match=r"not trained as an image classifier: it has no cl"):
        load_classifier(spec)


def test_missing_files_are_named(tmp_path: Path) -> None:
    resnet().save_pretrained(tmp_path)
    with pytest.raises(ClassifierError, match=r"needs config\.json, model\.safetensors and prepr"):
        load_classifier(f"hf/{tmp_path}")
    with pytest.raises(ClassifierError, match=r"hf/\./FOLDER"):
        load_classifier(f"hf/{tmp_path / 'none'}")


def test_without_a_network_the_files_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ClassifierError, match=r"model\.safetensors.* hf/\./FOLDER"):
        load_classifier("hf/nobody/no-such-model")


def test_a_weights_file_alone_is_refused() -> None:
    with pytest.raises(ClassifierError, match="takes no weights file alone"):
        load_classifier("hf/./folder", weights="model.safetensors")


def test_without_transformers_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ClassifierError, match=r"pip install 'gnomon\[hf\]'"):
        load_classifier("hf/./folder")


def test_every_kind_s_own_configuration_is_safe() -> None:
    kinds = modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    for kind in kinds.keys() - {"timm_wrapper", "shieldgemma2"}:  # a language model
        config = transformers.AutoConfig.for_model(kind, num_labels=21_843)
        given = safe_config(config.to_json_string(use_diff=False), frozenset(kinds))
        assert given["model_type"] == config.model_type
