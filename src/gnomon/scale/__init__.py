"""Runs that survive: inputs from anywhere, listed once; shards; executors."""

from gnomon.runs.listing import Input
from gnomon.scale.detecting import Outcome, detect_run, threads_of
from gnomon.scale.executors import EXECUTORS, Executor, executor
from gnomon.scale.job import Finder, Job, Maker, Recipe, Unseen, Watch
from gnomon.scale.sources import list_inputs, see_inputs

__all__ = [
    "EXECUTORS",
    "Executor",
    "Finder",
    "Input",
    "Job",
    "Maker",
    "Outcome",
    "Recipe",
    "Unseen",
    "Watch",
    "detect_run",
    "executor",
    "list_inputs",
    "see_inputs",
    "threads_of",
]
