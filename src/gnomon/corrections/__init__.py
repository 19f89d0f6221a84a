"""Keypoints that people corrected in their own tools, read back and counted."""

from gnomon.corrections.changes import Changes
from gnomon.corrections.read_back import TOOLS, Corrected, Corrections, read_corrections
from gnomon.corrections.write import write_corrections

__all__ = [
    "TOOLS",
    "Changes",
    "Corrected",
    "Corrections",
    "read_corrections",
    "write_corrections",
]
