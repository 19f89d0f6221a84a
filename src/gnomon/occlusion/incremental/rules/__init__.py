"""One rule for each kind of operation that can carry a region from its inputs to its output."""

from typing import Any

from gnomon.occlusion.incremental.rules import (
    adaptive,
    channels,
    collapse,
    convolution,
    local,
    pad,
    pooling,
)
from gnomon.occlusion.incremental.rules.rule import Finder

FINDERS: dict[Any, Finder] = (
    local.FINDERS
    | channels.FINDERS
    | convolution.FINDERS
    | pooling.FINDERS
    | pad.FINDERS
    | collapse.FINDERS
    | adaptive.FINDERS
)
"""By module type, function or method name: what finds the rule for a call of it."""
