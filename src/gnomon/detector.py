"""The pipeline: class labels in, keypoints out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Unpack, overload

from torch import Tensor, nn

from gnomon.arguments import checked
from gnomon.backprop import FINE_METHODS, fine_map
from gnomon.classifier import Classifier, Preprocessing, load_classifier
from gnomon.classifier.certainty import is_unsure
from gnomon.classifier.names import class_index
from gnomon.classifier.source import Exported
from gnomon.classifier.transforms import Transforms
from gnomon.detection import Detection
from gnomon.errors import SettingError, unknown_name
from gnomon.foerstner import SUMS
from gnomon.images import Resize, Source, load_image
from gnomon.locate import locate
from gnomon.occlusion import FILLS, Engine, Occlusion, occlude_several, prepare_engine, window_grid
from gnomon.occlusion.occlude import check_labels
from gnomon.plugs import plugged
from gnomon.presets import Outputs, SettingChanges, Settings, summary
from gnomon.presets import preset as named_preset
from gnomon.prove import prove
from gnomon.showing import html_table, quoted, size
from gnomon.types import Image, Work

WindowsDone = Callable[[int, int], None]

# Together they fill a GPU, and what its small steps cost to begin is shared; a CPU gains nothing.
IMAGES_AT_A_TIME = {"cuda": 8}


class Detector:
    """Finds in an image the sub-pixel keypoints that a classifier's decision rests on.

    ``classifier`` is a name (see `gnomon.classifier.load_classifier`), a `Classifier`, or a network
    in Python; the preset's own unless given. ``preprocessing`` may also be the transforms of
    torchvision or timm that the network was trained with. Further keyword arguments change the
    preset's settings. A detector does not change; ``with_settings`` returns another one. Every
    error that a user can cause is a ``GnomonError``.

    >>> import gnomon
    >>> found = gnomon.Detector(keep=0.2)("samples/cat.jpg")
    >>> found.keypoints.frame
    'file'
    """

    settings: Settings
    classifier: Classifier
    _engine: Engine

    @checked
    def __init__(
        self,
        classifier: str | Path | Classifier | nn.Module | Exported | None = None,
        *,
        preset: str = "default",
        preprocessing: Preprocessing | Transforms | None = None,
        class_names: Sequence[str] | None = None,
        weights: Path | None = None,
        outputs: Outputs = "auto",
        size: int | tuple[int, int] | None = None,
        resize: Resize | None = None,
        device: str = "auto",
        **changes: Unpack[SettingChanges],
    ) -> None:
        chosen = named_preset(preset)
        settings = replace(chosen.settings, **changes)
        loaded = load_classifier(
            chosen.classifier if classifier is None else classifier,
            weights=weights,
            size=size,
            resize=resize,
            device=device,
            class_names=class_names,
            preprocessing=preprocessing,
            outputs=outputs,
        )
        self._set(loaded, settings, prepare_engine(loaded, settings.engine, settings.precision))

    def _set(self, classifier: Classifier, settings: Settings, engine: Engine) -> None:
        object.__setattr__(self, "classifier", classifier)
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "_engine", engine)
        self._refuse_early()

    def __repr__(self) -> str:
        known = self.classifier
        return f"<Detector {quoted(known.name)}: {known.summary}; preset {summary(self.settings)}>"

    def _repr_html_(self) -> str:
        known = self.classifier
        rows = [
            ["classifier", known.name],
            ["classes", str(len(known.class_names))],
            ["outputs", known.outputs],
            ["size", size(*known.preprocessing.size[::-1])],
            ["device", str(known.device)],
            ["preset", summary(self.settings)],
        ]
        return html_table(["Detector", ""], rows)

    def __setattr__(self, name: str, _: object) -> None:
        """Refuse: what was made ready for some settings must not be used with others."""
        raise SettingError(
            f"a detector does not change, so {name} cannot be set; make another one:"
            " detector.with_settings(keep=0.2)"
        )

    @checked
    def with_settings(self, **changes: Unpack[SettingChanges]) -> "Detector":
        """Return a detector that differs in these settings, of the same classifier in memory."""
        settings, before = replace(self.settings, **changes), self.settings
        same = (settings.engine, settings.precision) == (before.engine, before.precision)
        other = object.__new__(Detector)
        other._set(
            self.classifier,
            settings,
            self._engine
            if same
            else prepare_engine(self.classifier, settings.engine, settings.precision),
        )
        return other

    def _refuse_early(self) -> None:
        """Raise now what would otherwise be raised for every image."""
        plugged("fill", self.settings.fill, FILLS)
        plugged("fine method", self.settings.fine, FINE_METHODS)
        if self.settings.refine_sums not in SUMS:
            raise SettingError(unknown_name("refine_sums", self.settings.refine_sums, SUMS))
        names, rank = self.classifier.class_names, self.settings.label_rank
        if self.settings.label:
            class_index(self.settings.label, names)
        if rank > len(names):
            raise SettingError(f"label_rank is {rank}; the classifier has {len(names)} classes")
        height, width = self.classifier.preprocessing.size
        window_grid(height, width, self.settings.patch, self.settings.stride)

    @overload
    def __call__(self, source: Source, *, progress: WindowsDone | None = None) -> Detection: ...
    @overload
    def __call__(
        self, source: list[Source], *, progress: WindowsDone | None = None
    ) -> list[Detection]: ...
    @checked
    def __call__(
        self, source: Source | list[Source], *, progress: WindowsDone | None = None
    ) -> Detection | list[Detection]:
        """Detect in one image (a path, PIL image, array, tensor or bytes) or in each of a list.

        ``progress`` is told how many windows of how many are done.
        """
        if not isinstance(source, list):
            return self.detect(self.load(source), progress)
        found: list[Detection] = []
        for first in range(0, len(source), self.images_at_a_time):
            images = [self.load(one) for one in source[first : first + self.images_at_a_time]]
            found += self.detect_several(images, progress)
        return found

    @property
    def images_at_a_time(self) -> int:
        """How many images ``detect_several`` is best given."""
        return IMAGES_AT_A_TIME.get(self.classifier.device.type, 1)

    def load(self, source: Source) -> Image:
        """Bring an image to the classifier's size."""
        how = self.classifier.preprocessing
        return load_image(
            source,
            size=how.size,
            resize=how.resize,
            crop_fraction=how.crop_fraction,
            interpolation=how.interpolation,
            working_size=self.settings.working_size if self.settings.points != "map" else None,
        )

    @checked
    def detect(
        self,
        image: Image,
        progress: WindowsDone | None = None,
        *,
        label_index: int | None = None,
    ) -> Detection:
        """Run the method on an image at model size, for the settings' class or ``label_index``."""
        label_indices = None if label_index is None else [label_index]
        (found,) = self.detect_several([image], progress, label_indices=label_indices)
        return found

    @checked
    def detect_several(
        self,
        images: Sequence[Image],
        progress: WindowsDone | None = None,
        *,
        label_indices: Sequence[int] | None = None,
    ) -> list[Detection]:
        """Run the method on images at model size, as ``detect`` does, occluding them together.

        What a GPU computes may differ from ``detect``'s in the last bits.
        """
        begin = perf_counter()
        outputs = [self.classifier.probabilities(image.pixels[None])[0] for image in images]
        labels = label_indices or [self._label(probabilities) for probabilities in outputs]
        check_labels(labels, self.classifier)
        maps = self._coarse_maps(images, labels, progress)
        together = (perf_counter() - begin) / len(images)
        return [
            self._finish(image, coarse, float(probabilities[label]), label, together, progress)
            for image, coarse, probabilities, label in zip(
                images, maps, outputs, labels, strict=True
            )
        ]

    def _label(self, probabilities: Tensor) -> int:
        """Choose the class to find keypoints for, by the probabilities (K,)."""
        if self.settings.label:
            return class_index(self.settings.label, self.classifier.class_names)
        if self.settings.label_rank == 1:
            return int(probabilities.argmax())
        return int(
            probabilities.argsort(descending=True, stable=True)[self.settings.label_rank - 1]
        )

    def _unsure(self, probability: float) -> bool:
        known = self.classifier
        asked = bool(self.settings.aim)
        return not asked and is_unsure(probability, len(known.class_names), known.outputs)

    def _coarse_maps(
        self, images: Sequence[Image], labels: Sequence[int], progress: WindowsDone | None
    ) -> Sequence[Occlusion | None]:
        """Compute the whole coarse maps where they are asked for."""
        chosen = self.settings
        if chosen.coarse != "map":
            return [None] * len(images)
        return occlude_several(
            self.classifier,
            images,
            patch=chosen.patch,
            stride=chosen.stride,
            fill=chosen.fill,
            draws=chosen.draws,
            seed=chosen.seed,
            engine=self._engine,
            label_indices=labels,
            progress=progress,
        )

    def _finish(
        self,
        image: Image,
        coarse: Occlusion | None,
        probability: float,
        label: int,
        seconds: float,
        progress: WindowsDone | None,
    ) -> Detection:
        """Do what follows the coarse map, which took ``seconds``."""
        begin = perf_counter()
        chosen = self.settings
        fine = fine_map(
            self.classifier,
            image,
            method=chosen.fine,
            target=chosen.target,
            label_index=label,
            seed=chosen.seed,
        )
        located = locate(image, coarse, fine, chosen)
        found = Detection(
            image=image,
            label=self.classifier.class_names[label],
            label_index=label,
            probability=probability,
            keypoints=located.keypoints,
            n_candidates=located.n_candidates,
            coarse=coarse,
            fine=fine,
            confidence=located.confidence,
            work=replace(coarse.work if coarse else Work("none", 0, 0.0), fine=fine.method),
            seconds=seconds + perf_counter() - begin,
            unsure=self._unsure(probability),
        )
        return self.prove(found, progress if coarse is None else None)

    def prove(self, found: Detection, progress: WindowsDone | None = None) -> Detection:
        """Hide each keypoint by itself, where the settings want it, and note what that costs.

        ``coarse`` of a keypoint is then the mean drop of the class's probability, unless the whole
        coarse map was computed, whose value it is.
        """
        chosen, points, begin = self.settings, found.keypoints, perf_counter()
        if not chosen.hides_points:
            return found
        proof = prove(
            self.classifier,
            self._engine,
            found.image,
            found.image.to_file.inverse().apply(points.xy),
            found.label_index,
            patch=chosen.patch,
            fill=chosen.fill,
            seed=chosen.seed,
            progress=progress,
        )
        coarse = proof.mean if found.coarse is None else points.coarse
        seconds = perf_counter() - begin
        work = replace(
            found.work,
            engine=self._engine.name,
            windows=found.work.windows + proof.drops.size,
            seconds=found.work.seconds + seconds,
        )
        return replace(
            found,
            keypoints=replace(points, coarse=coarse, proved=proof.proved),
            work=work,
            seconds=found.seconds + seconds,
        )
