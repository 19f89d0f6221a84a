"""Exact occlusion outputs from what a patch can change, and nothing else."""
