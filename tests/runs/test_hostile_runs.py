"""Every verb that reads a run, on runs that somebody prepared to do harm."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from hostile import limited, settled, unchanged, watched
from hostile_runs import hostile_runs
from matplotlib.figure import Figure
from torchvision.models import get_model

from gnomon import Classifier, Preprocessing, save_checkpoint
from gnomon.classifier import Architecture
from gnomon.cli.check import check
from gnomon.cli.detect import detect
from gnomon.cli.evaluate import evaluate
from gnomon.cli.export import export
from gnomon.cli.import_ import import_
from gnomon.cli.parts import parts
from gnomon.cli.report import report
from gnomon.cli.salient import salient
from gnomon.export.registry import EXPORTERS
from gnomon.runs import Event, ReviewFile, read_run
from gnomon.web.album import Album
from gnomon.web.bench import make_bench

HOSTILE = hostile_runs()

RUN = Path("run")
DATASET = "coco:annotated"
EDGE = 32


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what gnomon finds out about a network and this machine out of the user's own cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Make photographs, a classifier, a data set, and a run in which every verb left something."""
    home = tmp_path_factory.mktemp("sound")
    with contextlib.chdir(home):
        _photographs(Path("photographs"))
        _classifier(Path("mine.safetensors"))
        _detect()
        _annotate(Path("annotated"))
        evaluate(RUN, dataset=DATASET, device="cpu", sanity_images=1, repeat_images=0, quiet=True)
        salient(RUN, dataset=DATASET, alpha=0.5, quiet=True)
        parts(RUN, parts=2, device="cpu", quiet=True)
        first = read_run(RUN).images["image_id"][0].as_py()
        ReviewFile(RUN).record(Event(kind="accepted", image_id=first, points=(1,)))
        export(str(RUN), format="coco", out=Path("coco.json"), quiet=True)
        for kind in EXPORTERS:  # so that every library is there before it is watched
            _export(kind)
        shutil.rmtree("out")
        Path("mine", "folder").mkdir(parents=True)
        Path("mine", "precious.txt").write_text("precious")
        Path("mine", "folder", "part-000000.parquet").write_text("precious")
        PIL.Image.new("RGB", (60, 48), "magenta").save("mine/secret.png")
    return home


def _photographs(folder: Path) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        pixels = random.integers(0, 255, (24, 30, 3), np.uint8)
        PIL.Image.fromarray(pixels).resize((60, 48)).save(folder / f"{name}.png")
    (folder / "broken.png").write_bytes(b"not a picture")


def _classifier(path: Path) -> None:
    torch.manual_seed(0)
    network = get_model("squeezenet1_1", weights=None, num_classes=3)
    architecture = Architecture("torchvision/squeezenet1_1", 3)
    preprocessing = Preprocessing(size=(EDGE, EDGE))
    classifier = Classifier(network, preprocessing, ("a", "b", "c"), architecture=architecture)
    save_checkpoint(classifier, path)


def _annotate(folder: Path) -> None:
    folder.mkdir()
    box = {"bbox": [0, 0, 60, 48], "area": 2880, "iscrowd": 0, "category_id": 1}
    points = {"keypoints": [20, 20, 2, 40, 30, 2], "num_keypoints": 2}
    images = [{"id": n, "file_name": f"{n}.png", "width": 60, "height": 48} for n in "ab"]
    for number, image in enumerate(images):
        shutil.copy(Path("photographs", str(image["file_name"])), folder)
        image["id"] = number
    found = [{"id": n, "image_id": n} | box | points for n in range(len(images))]
    category = {"id": 1, "name": "thing", "keypoints": ["left", "right"], "skeleton": []}
    told = {"images": images, "annotations": found, "categories": [category]}
    (folder / "annotations.json").write_text(json.dumps(told))


def _detect(*, resume: bool = False) -> None:
    detect(
        ("photographs",),
        out=str(RUN),
        model="mine.safetensors",
        device="cpu",
        save_heatmaps=True,
        quiet=True,
        resume=resume,
        threads=1,
        keep=1.0,
        radius=4.0,
    )


@pytest.fixture
def home(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the whole to a place of its own, and stand there."""
    copy = Path(shutil.copytree(sound, tmp_path / "home", symlinks=True))
    (copy / "out").mkdir()
    monkeypatch.chdir(copy)
    return copy


Verb = Callable[[], object]


def _verbs(name: str) -> dict[str, Verb]:
    """Return every verb that reads a run; of the exports a few, others in turn."""
    formats = sorted(EXPORTERS)
    first = sum(name.encode("utf-8", "replace")) % len(formats)
    chosen = {formats[first], formats[(first + 5) % len(formats)], "yolo", "fiftyone"}
    verbs: dict[str, Verb] = {
        "check": lambda: check(str(RUN)),
        "report": lambda: report(RUN, quiet=True),
        "figures": lambda: report(RUN, format="png", quiet=True),
        "serve": _serve,
        "salient": lambda: salient(RUN, quiet=True),
        "recompute": lambda: report(RUN, recompute=True, quiet=True),
        "parts": lambda: parts(RUN, parts=2, device="cpu", quiet=True),
        "evaluate": lambda: evaluate(
            RUN, dataset=DATASET, device="cpu", sanity_images=0, repeat_images=0, quiet=True
        ),
        "import": lambda: import_(
            str(RUN), Path("coco.json"), format="coco", out=Path("out", "corrected"), quiet=True
        ),
        "resume": lambda: _detect(resume=True),
    }
    for kind in sorted(chosen):
        verbs[f"export {kind}"] = partial(_export, kind)
    verbs["export json, reviewed"] = partial(_export, "json", review=RUN)
    return verbs


def _export(kind: str, review: Path | None = None) -> None:
    out = Path("out", f"{kind}{'' if review is None else '-reviewed'}")
    export(str(RUN), format=kind, out=out, review=review, quiet=True)


def _serve() -> None:
    recorded = read_run(RUN)
    album = Album(recorded)
    make_bench((), "cpu", recorded.info)
    for image_id in album.search():
        album.rows_for_stage(image_id)
        album.maps(image_id)
        album.file(image_id, 64)


READ_BY = {
    "evaluation/evaluation.json": {"check", "report"},
    "parts/model.json": {"check", "report", "serve", "salient", "parts", "export json, reviewed"},
    "review.jsonl": {"check", "serve", "export json, reviewed"},
}
"""Verbs that read a file of which a value was changed; of every other file, all do."""


def _readers(name: str) -> dict[str, Verb]:
    file, space, _ = name.partition(" ")
    wanted = READ_BY.get(file) if space else None
    return {verb: work for verb, work in _verbs(name).items() if wanted is None or verb in wanted}


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a small picture for each figure: what is drawn in it is not the subject here."""
    picture = BytesIO()
    PIL.Image.new("RGB", (4, 4)).save(picture, "PNG")

    def savefig(figure: Figure, file: BytesIO, **options: object) -> None:
        file.write(picture.getvalue())

    monkeypatch.setattr(Figure, "savefig", savefig)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.usefixtures("undrawn")
def test_a_hostile_run_gives_a_result_or_one_sentence(
    home: Path, name: str, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    HOSTILE[name](home / "run")
    for verb, work in _readers(name).items():
        with (
            unchanged("mine", "photographs", "annotated"),
            watched([home / "run", home / "out", cache]),
            limited(30, 400),
        ):
            try:
                settled(work)
            except Exception as error:
                raise AssertionError(f"{verb}: {type(error).__name__}: {error}") from error


def test_every_verb_gives_a_result_for_the_sound_run(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in EXPORTERS:
        assert settled(partial(_export, kind)) is None, kind
        shutil.rmtree("out")
        Path("out").mkdir()
    for verb, work in _verbs("sound").items():
        assert settled(work) is None, verb


def test_there_are_many_hostile_runs() -> None:
    assert len(HOSTILE) >= 200
