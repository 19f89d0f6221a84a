"""Which annotated landmarks the keypoints of a run find, and which of them most often."""

from gnomon.landmarks.assign import assign
from gnomon.landmarks.from_parts import salient_parts
from gnomon.landmarks.histogram import Bin, Histogram
from gnomon.landmarks.matched import Landmark, Matched
from gnomon.landmarks.salient import Salient, salient
from gnomon.landmarks.write import write_salient

__all__ = [
    "Bin",
    "Histogram",
    "Landmark",
    "Matched",
    "Salient",
    "assign",
    "salient",
    "salient_parts",
    "write_salient",
]
