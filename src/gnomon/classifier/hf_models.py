"""``hf/NAME``: image classifiers of Hugging Face, from their hub or a local folder."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from torch import Tensor, nn

from gnomon.classifier.hf_config import safe_config
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Architecture, Loaded
from gnomon.errors import ClassifierError

FILES = "config.json, model.safetensors and preprocessor_config.json"


class LogitsOf(nn.Module):
    """Lets a Hugging Face classifier take pixels and return its logits alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """Compute the logits (N,K) of normalized pixels (N,3,H,W)."""
        logits: Tensor = self.model(pixel_values=pixels).logits
        return logits


def load(name: str, weights: Path | None) -> Loaded:
    """Load NAME (``owner/model``, or a folder, ``./model``); code that comes with it never runs."""
    if weights is not None:
        raise ClassifierError(
            f"hf/{name} takes no weights file alone, so not {str(weights)!r}; put {FILES} into a"
            " folder and name that: hf/./FOLDER"
        )
    transformers = _transformers()
    try:
        model, report = transformers.AutoModelForImageClassification.from_pretrained(
            name, trust_remote_code=False, output_loading_info=True
        )
        processor = transformers.AutoImageProcessor.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise ClassifierError(
            f"hf/{name} could not be loaded ({error}). It needs {FILES}: where they cannot be"
            " fetched, put them into a folder and name that: hf/./FOLDER"
        ) from error
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:3])
        raise ClassifierError(
            f"hf/{name} is not trained as an image classifier: it has no {missing};"
            " name a model fine-tuned for image classification"
        )
    labels = model.config.id2label
    names = tuple(str(labels[i]) for i in sorted(labels))
    architecture = Architecture("hf", len(names), model.config.to_json_string(use_diff=False))
    several = model.config.problem_type == "multi_label_classification"
    return Loaded(
        f"hf/{name}",
        LogitsOf(model.float()),
        _preprocessing(processor),
        names,
        architecture,
        "multilabel-logits" if several else "auto",
    )


def build(architecture: Architecture) -> nn.Module:
    """Make the untrained network from its configuration.

    ``ValueError`` for a configuration that names code or other networks.
    """
    transformers = _transformers()
    given = safe_config(architecture.config, _kinds())
    config = transformers.AutoConfig.for_model(**given)
    config.num_labels = architecture.n_classes
    return LogitsOf(
        transformers.AutoModelForImageClassification.from_config(config, trust_remote_code=False)
    )


def _kinds() -> frozenset[str]:
    """List the kinds of image classifiers that transformers itself has."""
    from transformers.models.auto import modeling_auto

    return frozenset(modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES)


def _transformers() -> Any:
    try:
        import transformers
    except ImportError:
        raise ClassifierError(
            "hf/NAME needs the package transformers: pip install 'gnomon[hf]'"
        ) from None
    return transformers


def _preprocessing(processor: Any) -> Preprocessing:
    """Learn what a processor does, whatever its fields mean, from three pictures of one color."""
    black, white, red = (_seen(processor, color) for color in ("black", "white", "red"))
    std = 1 / (white - black)[:, 0, 0]
    mean = -black[:, 0, 0] * std
    shift = np.abs(red - black)[:, 0, 0]
    if not np.isfinite(std).all() or np.argmax(shift) not in (0, 2):
        raise ClassifierError(f"{type(processor).__name__} does not scale each color by itself")
    height, width = black.shape[1:]
    fields = processor.to_dict()
    return Preprocessing(
        size=(height, width),
        crop_fraction=_crop_fraction(fields, height),
        interpolation=PIL.Image.Resampling(fields.get("resample", 2)).name.lower(),  # type: ignore[arg-type]  # Pillow's names are ours
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        channels="rgb" if np.argmax(shift) == 0 else "bgr",
    )


def _seen(processor: Any, color: str) -> NDArray[np.float64]:
    picture = PIL.Image.new("RGB", (512, 512), color)
    pixels = processor(images=picture, return_tensors="np")["pixel_values"]
    seen: NDArray[np.float64] = np.asarray(pixels, dtype=np.float64)[0]
    return seen


def _crop_fraction(fields: dict[str, Any], height: int) -> float:
    size = fields.get("size") or {}
    edge = size.get("shortest_edge") or size.get("height")
    if fields.get("do_center_crop") and edge:
        return float(min(1.0, height / edge))
    return float(fields.get("crop_pct") or 1.0)
