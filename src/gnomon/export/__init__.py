"""Keypoints into the tools that people use, and corrected ones back."""

from gnomon.export.contents import Choice, Contents
from gnomon.export.registry import EXPORTERS, Exported, Exporter, export_run, open_contents
from gnomon.export.supervision import to_supervision

__all__ = [
    "EXPORTERS",
    "Choice",
    "Contents",
    "Exported",
    "Exporter",
    "export_run",
    "open_contents",
    "to_supervision",
]
