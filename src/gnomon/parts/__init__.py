"""Parts: the same point on every instance, found without a label."""

from gnomon.parts.assign import Assigned, PartFinder, Searched
from gnomon.parts.detecting import PartDetector, PartMaker
from gnomon.parts.discover import discover_parts
from gnomon.parts.model import Group, PartModel

__all__ = [
    "Assigned",
    "Group",
    "PartDetector",
    "PartFinder",
    "PartMaker",
    "PartModel",
    "Searched",
    "discover_parts",
]
