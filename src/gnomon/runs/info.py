"""run.json: what was run, with what, when, and how much came of it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from msgspec import Meta

from gnomon.classifier.certainty import is_unsure
from gnomon.errors import one_line
from gnomon.path_text import path_text
from gnomon.presets import Outputs, Settings
from gnomon.runs.account import Account, Count, Sha256, Text, now, versions
from gnomon.showing import quoted

if TYPE_CHECKING:
    from gnomon.detector import Detector

FILE_NAME = "run.json"
MOST_IN_A_SHARD = 65_536
MOST_PARTS = 65_536
MOST_CLASSES = 1_000_000
MOST = {
    "patch": 4096,
    "draws": 1000,
    "coarse_smoothing": 4096,
    "fine_smoothing": 4096,
    "radius": 65_536,
    "refine_window": 255,
}
"""The largest settings that a record may ask for: beyond, computing again takes all memory."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunInfo(Account):
    """The account of a run; ``end`` is ``None`` until it is complete.

    ``threads`` computed each image on a CPU; the last bits of a result depend on them. ``n_inputs``
    and ``inputs_sha256`` identify the listing, of which a part holds ``shard`` images; they are
    ``None`` until it is complete. ``part_names`` names the parts that keypoints were given at
    detection, by id. ``weights_file`` is the file that the classifier's weights were read from,
    ``class_names`` what its user called its classes; both empty where the classifier has its own.
    ``outputs`` says how its outputs were taken, ``n_classes`` how many classes it has.
    """

    FILE_NAME: ClassVar[str] = FILE_NAME
    VERB: ClassVar[str] = "detect"
    WHAT: ClassVar[str] = "run"
    COMPARED: ClassVar[tuple[str, ...]] = (
        "classifier",
        "weights_sha256",
        "class_names",
        "outputs",
        "threads",
        "part_names",
    )
    SETTINGS: ClassVar[type] = Settings

    classifier: Text
    weights_sha256: Sha256
    weights_file: Text = ""
    class_names: Annotated[tuple[Text, ...], Meta(max_length=MOST_CLASSES)] = ()
    outputs: Outputs = "logits"
    n_classes: Annotated[int, Meta(ge=1, le=MOST_CLASSES)] | None = None
    preset: Text
    settings: Settings
    device: Text
    threads: Annotated[int, Meta(ge=1, le=4096)] | None = None
    start: Text = field(default_factory=now)
    end: Text | None = None
    n_inputs: Count | None = None
    inputs_sha256: Sha256 | None = None
    shard: Annotated[int, Meta(ge=1, le=MOST_IN_A_SHARD)] | None = None
    n_images: Count = 0
    n_keypoints: Count = 0
    n_failures: Count = 0
    versions: dict[Text, Text] = field(default_factory=versions)
    part_names: Annotated[tuple[Text, ...], Meta(max_length=MOST_PARTS)] = ()

    def __repr__(self) -> str:
        return f"<RunInfo: {self.counted}, {self.made}>"

    @property
    def counted(self) -> str:
        """How much came of it, in a few words."""
        failed = f", {self.n_failures} failures" if self.n_failures else ""
        ended = "" if self.end else " (not complete)"
        return f"{self.n_keypoints} keypoints in {self.n_images} images{failed}{ended}"

    @property
    def made(self) -> str:
        """What made it, in a few words."""
        aim = f", {one_line(self.settings.aim)}" if self.settings.aim else ""
        return f"by {quoted(self.classifier)} with the preset {quoted(self.preset)}{aim}"

    def check(self) -> None:
        """See `Account.check`."""
        super(RunInfo, self).check()
        for name, most in MOST.items():
            if (given := getattr(self.settings, name)) > most:
                raise ValueError(f"settings.{name} is {given}; at most {most} is computed again")

    def unsure(self, probability: float) -> bool:
        """Return whether a prediction is unsure; a class that was asked for is none."""
        return not self.settings.aim and is_unsure(probability, self.n_classes, self.outputs)

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
            weights_file=path_text(detector.classifier.origin.weights),
            class_names=detector.classifier.origin.class_names,
            outputs=detector.classifier.outputs,
            n_classes=len(detector.classifier.class_names),
            preprocessing=detector.classifier.preprocessing,
            preset=preset,
            settings=detector.settings,
            device=str(detector.classifier.device),
            threads=threads,
            part_names=part_names,
        )
