"""Coarse: how far the class probability falls when a patch of the image is covered."""

from gnomon.occlusion.dense import DenseEngine
from gnomon.occlusion.engine import Engine, Several
from gnomon.occlusion.fills import FILLS, Fill
from gnomon.occlusion.incremental import IncrementalEngine, Plan, plan
from gnomon.occlusion.occlude import ENGINES, Occlusion, occlude, occlude_several, prepare_engine
from gnomon.occlusion.windows import window_grid

__all__ = [
    "ENGINES",
    "FILLS",
    "DenseEngine",
    "Engine",
    "Fill",
    "IncrementalEngine",
    "Occlusion",
    "Plan",
    "Several",
    "occlude",
    "occlude_several",
    "plan",
    "prepare_engine",
    "window_grid",
]
