"""run.json: what was run, with what, when, and how much came of it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from gnomon.presets import Settings
from gnomon.runs.account import Account, now, versions

if TYPE_CHECKING:
    from gnomon.detector import Detector

FILE_NAME = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo(Account):
    """The account of a run; ``end`` is ``None`` until it is complete.

    ``threads`` computed each image on a CPU; the last bits of a result depend on them. ``n_inputs``
    and ``inputs_sha256`` identify the listing, of which a part holds ``shard`` images; they are
    ``None`` until it is complete. ``part_names`` names the parts that keypoints were given at
    detection, by id.
    """

    FILE_NAME: ClassVar[str] = FILE_NAME
    VERB: ClassVar[str] = "detect"
    WHAT: ClassVar[str] = "run"
    COMPARED: ClassVar[tuple[str, ...]] = ("classifier", "weights_sha256", "threads", "part_names")
    SETTINGS: ClassVar[type] = Settings

    classifier: str
    weights_sha256: str
    preset: str
    settings: Settings
    device: str
    threads: int | None = None
    start: str = field(default_factory=now)
    end: str | None = None
    n_inputs: int | None = None
    inputs_sha256: str | None = None
    shard: int | None = None
    n_images: int = 0
    n_keypoints: int = 0
    n_failures: int = 0
    versions: dict[str, str] = field(default_factory=versions)
    part_names: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        detector: "Detector",
        preset: str,
        threads: int | None = None,
        part_names: tuple[str, ...] = (),
    ) -> Self:
        """Take down a detector's choices."""
        return cls(
            classifier=detector.classifier.name,
            weights_sha256=detector.classifier.weights_sha256,
            preprocessing=detector.classifier.preprocessing,
            preset=preset,
            settings=detector.settings,
            device=str(detector.classifier.device),
            threads=threads,
            part_names=part_names,
        )
