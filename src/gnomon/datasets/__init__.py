"""Labeled photographs of many formats, behind one protocol."""

from gnomon.datasets.polygon import PartPolygon
from gnomon.datasets.registry import DATASETS, open_dataset
from gnomon.datasets.sample import Dataset, Sample

__all__ = ["DATASETS", "Dataset", "PartPolygon", "Sample", "open_dataset"]
