"""Exact occlusion outputs from what a patch can change, and nothing else."""

from gnomon.occlusion.incremental.engine import IncrementalEngine, plan
from gnomon.occlusion.incremental.planned import Plan, PlannedNode

__all__ = ["IncrementalEngine", "Plan", "PlannedNode", "plan"]
