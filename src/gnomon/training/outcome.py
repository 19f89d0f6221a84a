"""How often a classifier is right, class by class, and what it takes for what."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gnomon.figures import AS_WRITTEN, drawable
from gnomon.runs.files import csv_text
from gnomon.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Counts (K,K) int64: row the label, column the prediction."""

    counts: NDArray[np.int64]
    class_names: tuple[str, ...]

    @classmethod
    def of(
        cls, labels: Sequence[int], predicted: Sequence[int], class_names: tuple[str, ...]
    ) -> "Confusion":
        """Count pairs of class indices.

        >>> Confusion.of([0, 0, 1], [0, 1, 1], ("cat", "dog")).counts.tolist()
        [[1, 1], [0, 1]]
        """
        counts = np.zeros((len(class_names), len(class_names)), dtype=np.int64)
        np.add.at(counts, (np.asarray(labels, dtype=int), np.asarray(predicted, dtype=int)), 1)
        return cls(counts, class_names)

    @property
    def accuracy(self) -> float:
        """The share of images that are predicted right."""
        return float(self.counts.trace() / self.counts.sum())

    @property
    def per_class(self) -> Floats:
        """The share predicted right of each class (K,), NaN for a class without images."""
        totals = self.counts.sum(axis=1)
        shares: Floats = np.full(len(totals), np.nan)
        np.divide(np.diag(self.counts), totals, out=shares, where=totals > 0)
        return shares

    def mistaken_for(self, row: int) -> str:
        """Name the class that class ``row`` is most often taken for; empty if for none."""
        others = self.counts[row].copy()
        others[row] = 0
        return self.class_names[int(others.argmax())] if others.any() else ""

    def csv(self) -> str:
        """Write the counts as a table, predictions to the right."""
        rows = [["label \\ predicted", *self.class_names]]
        rows += [
            [name, *map(str, counts)]
            for name, counts in zip(self.class_names, self.counts.tolist(), strict=True)
        ]
        return csv_text(rows)

    def per_class_csv(self) -> str:
        """Write images, accuracy and the most frequent mistake of each class."""
        rows = [["class", "images", "accuracy", "most_often_mistaken_for"]]
        rows += [
            [name, f"{self.counts[row].sum()}", f"{share:.4f}", self.mistaken_for(row)]
            for row, (name, share) in enumerate(zip(self.class_names, self.per_class, strict=True))
        ]
        return csv_text(rows)

    def figure(self) -> Figure:
        """Draw the shares of each label's row, with the counts where there is room for them."""
        n = len(self.class_names)
        side = float(np.clip(0.38 * n + 2.5, 4.0, 24.0))
        figure = Figure(figsize=(side, side), dpi=110, layout="constrained")
        axes = figure.subplots()
        totals = np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(self.counts / totals, cmap="Blues", vmin=0, vmax=1)
        ticks = range(n) if n <= 60 else []
        names = [drawable(name, 28) for name in self.class_names] if n <= 60 else []
        axes.set_xticks(ticks, names, rotation=90, fontsize=7, **AS_WRITTEN)
        axes.set_yticks(ticks, names, fontsize=7, **AS_WRITTEN)
        axes.set_xlabel("predicted")
        axes.set_ylabel("label")
        axes.set_title(f"{self.accuracy:.1%} of {self.counts.sum()} images right", fontsize=10)
        if n <= 30:
            for (row, column), count in np.ndenumerate(self.counts):
                color = "white" if count > totals[row, 0] / 2 else "black"
                if count:
                    axes.text(
                        column, row, f"{count}", ha="center", va="center", color=color, fontsize=7
                    )
        return figure
