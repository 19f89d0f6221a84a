"""Where classifiers come from: one line for each prefix of ``PREFIX/NAME``."""

from torch import nn

from gnomon.classifier import embedded, hf_models, timm_models, torchvision_models
from gnomon.classifier.source import Architecture, Blank, Build, Load
from gnomon.errors import ClassifierError, unknown_name

SOURCES: dict[str, Load] = {
    "embedded": embedded.load,
    "torchvision": torchvision_models.load,
    "timm": timm_models.load,
    "hf": hf_models.load,
}

BUILDERS: dict[str, Build] = {
    "torchvision": torchvision_models.build,
    "timm": timm_models.build,
    "hf": hf_models.build,
}

UNTRAINED: dict[str, Blank] = {
    "torchvision": torchvision_models.blank,
    "timm": timm_models.blank,
}


def build_network(architecture: Architecture) -> nn.Module:
    """Make the untrained network of an architecture; ``ClassifierError`` where it is unknown."""
    prefix = architecture.spec.partition("/")[0]
    if prefix not in BUILDERS:
        raise ClassifierError(unknown_name("architecture source", prefix, BUILDERS))
    return BUILDERS[prefix](architecture)
