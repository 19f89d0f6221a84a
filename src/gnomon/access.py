"""Where a run's photographs are looked for, and what is fetched because data asks for it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a person allows when a run is opened. A run allows itself nothing."""

    images: Path | None = None
    """A folder that the run's photographs are in now, with whatever folders below."""
    fetch: bool = False
    """Fetch what the run names by URL, from public addresses only."""
    fetch_from: tuple[str, ...] = ()
    """Hosts, as NAME or NAME:PORT, to fetch from though they are this machine or in a private
    network."""
    max_memory_mb: float = 1024.0
    """Most memory that decoding one photograph may take, in MB."""
