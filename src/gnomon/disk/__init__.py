"""Every file that gnomon writes, and every one that it reads of a run, is reached through here.

A folder that the user names is resolved once, links in its path included. Below it names are
relative, each step is taken from an open folder, and no link is followed.
"""

from gnomon.disk.batch import Batch
from gnomon.disk.folder import Folder, add
from gnomon.disk.names import RefusedError, aside_of, is_aside, reason_of, safe_name, safe_path
from gnomon.disk.staging import new_file, new_folder, new_text, staged

__all__ = [
    "Batch",
    "Folder",
    "RefusedError",
    "add",
    "aside_of",
    "is_aside",
    "new_file",
    "new_folder",
    "new_text",
    "reason_of",
    "safe_name",
    "safe_path",
    "staged",
]
