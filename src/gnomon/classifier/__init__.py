"""A network, its preprocessing and its class names, together."""

from gnomon.classifier.checkpoint import save_checkpoint
from gnomon.classifier.classifier import Classifier
from gnomon.classifier.load import load_classifier
from gnomon.classifier.preprocessing import Preprocessing
from gnomon.classifier.source import Architecture
from gnomon.classifier.sources import build_network

__all__ = [
    "Architecture",
    "Classifier",
    "Preprocessing",
    "build_network",
    "load_classifier",
    "save_checkpoint",
]
