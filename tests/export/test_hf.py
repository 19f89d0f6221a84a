"""The folder for Hugging Face `datasets`, beyond what all formats are tested for."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
from gnomon.export import export_run


def test_what_is_exported_again_is_read_again(made: Callable[[str], Any], tmp_path: Path) -> None:
    """`datasets` reads from its cache where a folder looks like one that it has read before."""
    out = tmp_path / "out"
    for kind in ("free", "large"):
        done = export_run(made(kind).folder, "hf", out)
        rows = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))
        assert len(rows) == done.n_images
        shutil.rmtree(out)
