"""What a person allows when a run is opened; a run allows itself nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gnomon.cli.naming import naming
from gnomon.limits import Limits

if TYPE_CHECKING:
    from gnomon.runs.photographs import Absence, Photographs

NO_OTHER_LIMIT = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a run's photographs are, and what may be fetched because the run says so."""

    images: Annotated[Path | None, tyro.conf.arg(help_behavior_hint="")] = None
    """A folder that the run's photographs are in now, or below."""
    fetch: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = False
    """Download what the run names and this machine lacks: its model, and photographs by their URLs,
    from public addresses only."""
    fetch_from: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """A host, as NAME or NAME:PORT, to fetch from though it is this machine or in a private
    network; may be repeated."""
    max_memory_mb: float = Limits().max_memory_mb
    """Most memory that decoding a photograph may take, in MB."""

    def photographs(self, *given: str) -> "Photographs":
        """Make what finds a run's photographs; hosts of URLs among ``given`` are named as well."""
        from gnomon.images.hosts import Hosts
        from gnomon.runs.photographs import Photographs

        return Photographs(
            self.images,
            fetch=self.fetch,
            hosts=Hosts.of(given, self.fetch_from),
            limits=Limits(max_memory_mb=self.max_memory_mb, max_pixels=NO_OTHER_LIMIT),
        )


def absences(absent: "Mapping[str, Absence]") -> list[str]:
    """Count and name the photographs that are not here: a line for each reason."""
    reasons = dict.fromkeys(absent.values())
    return [
        f"{naming([path for path, mine in absent.items() if mine is why], why.value[0])};"
        f" {why.value[1]}"
        for why in reasons
    ]
