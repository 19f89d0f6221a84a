"""Truth that was made from gnomon's own points: what of it a person decided."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from gnomon.datasets.sample import Sample
from gnomon.types import Landmarks


@dataclass(frozen=True, slots=True)
class Edited:
    """How many of gnomon's points a person kept, moved and deleted, and how many were added."""

    kept: int
    moved: int
    deleted: int
    added: int

    def __str__(self) -> str:
        """Describe what is measured, and why not the rest."""
        return (
            f"this data set was made from gnomon's own points: {self.kept} were left where gnomon"
            f" put them and tell nothing about it, so only the {self.moved} that a person moved and"
            f" the {self.added} added are measured, by recall and error; {self.deleted} were"
            " deleted. For precision, and to compare gnomon with other methods, use points that"
            " were set without it"
        )


def only_set_by_hand(sample: Sample) -> Sample:
    """Return the sample with only those landmarks that are not where gnomon put them."""
    landmarks, edits = sample.landmarks, sample.edits
    if landmarks is None or edits is None:
        return sample
    by_hand = np.array([one != "kept" for one in edits.changes], dtype=np.bool_)
    rows = np.flatnonzero(by_hand).tolist()
    left = Landmarks(
        xy=landmarks.xy[by_hand],
        ids=landmarks.ids[by_hand],
        names=tuple(landmarks.names[row] for row in rows),
        visible=landmarks.visible[by_hand],
        scale=landmarks.scale,
    )
    changes = tuple(edits.changes[row] for row in rows)
    return replace(sample, landmarks=left, edits=replace(edits, changes=changes))


def count_edits(samples: Iterable[Sample]) -> Edited | None:
    """Count what was done to gnomon's own points; ``None`` where no landmark was one."""
    edits = [one.edits for one in samples if one.edits is not None]
    if not edits:
        return None
    changes = [change for one in edits for change in one.changes]
    return Edited(
        kept=changes.count("kept"),
        moved=changes.count("moved"),
        deleted=sum(one.deleted for one in edits),
        added=changes.count("added"),
    )
