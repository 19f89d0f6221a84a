"""Files as cameras write them without developing them, which are no images yet."""

import os
from dataclasses import dataclass, field

RAW_SUFFIXES = frozenset({
    ".3fr", ".ari", ".arw", ".bay", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq",
    ".k25", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2",
    ".rwl", ".sr2", ".srf", ".srw", ".x3f",
})  # fmt: skip
"""In lower or upper case."""
NAMED = 5
DEVELOP = "develop them first, and give the TIFFs or JPEGs"
"""What to do about raws."""


def is_raw(path: str) -> bool:
    """Return whether a path is a camera raw's by its suffix.

    >>> is_raw("a/DSC_0001.NEF"), is_raw("a.tif")
    (True, False)
    """
    return os.path.splitext(path)[1].lower() in RAW_SUFFIXES


@dataclass(slots=True)
class Raws:
    """The camera raws that a search for images passed over: how many, and the first few paths."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.first) < NAMED:
            self.first.append(path)

    @property
    def warning(self) -> str:
        """Describe what was passed over, and what to do."""
        return f"{self} passed over: {DEVELOP}"

    def __str__(self) -> str:
        """Count them and name the first.

        >>> print(Raws(1, ["a.cr2"]))
        1 camera raw (a.cr2)
        """
        more = f" and {self.count - NAMED} more" if self.count > NAMED else ""
        return f"{self.count} camera raw{'s'[: self.count - 1]} ({', '.join(self.first)}{more})"
