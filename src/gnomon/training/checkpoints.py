"""The state of a training on disk: each checkpoint whole, or the one before it."""

from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from gnomon.disk import Folder


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints aside and renames them: a full disk leaves the last one as it was."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint below the training's folder."""
        content = BytesIO()
        torch.save(checkpoint, content)
        with Folder(self._folder).writing(self._name(path)) as file:
            file.write(content.getbuffer())

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove one."""
        Folder(self._folder).remove(self._name(path))

    def _name(self, path: str | Path) -> str:
        return Path(path).resolve().relative_to(self._folder.resolve()).as_posix()


def is_sound(path: Path) -> bool:
    """Return whether a checkpoint is there and whole; what is not is trained again."""
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # whatever a damaged archive makes of it
        return False
    return True
