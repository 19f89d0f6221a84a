"""A training from end to end, on pictures whose color is their class."""

import csv
import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from small_disk import small_disk

import gnomon
from gnomon.errors import DatasetError, GnomonError, RunError, SettingError
from gnomon.images import load_image
from gnomon.training import Training, TrainingInfo, TrainingSettings, train
from gnomon.training.checkpoints import WholeCheckpoints
from gnomon.training.loading import Photographs
from gnomon.training.network import Start

START = Start("embedded/squeezenet1_1", size=(64, 64))
QUICK = TrainingSettings(epochs=4, head_epochs=2, batch_size=8, validation_share=0.25)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def learn(data: str | Path, out: Path, **more: Any) -> Training:
    return train(data, START, out, more.pop("settings", QUICK), device="cpu", **more)


def parts(out: Path) -> dict[str, set[str]]:
    rows = list(csv.DictReader((out / "images.csv").read_text().splitlines()))
    return {
        part: {row["path"] for row in rows if row["part"] == part}
        for part in ("train", "validation", "test")
    }


def test_it_learns_and_writes_a_classifier_that_detect_can_load(
    colors: Path, tmp_path: Path
) -> None:
    seen: list[tuple[str, float, int]] = []
    done = learn(colors, tmp_path / "out", progress=lambda *now: seen.append(now))
    out = tmp_path / "out"
    assert done.confusion.accuracy == 1
    assert done.confusion.counts.tolist() == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    info = TrainingInfo.read(out)
    assert info == done.info
    assert (info.n_train, info.n_validation, info.n_test) == (18, 6, 12)
    assert info.test_accuracy == 1
    assert info.precision == "32-true"

    classifier = gnomon.load_classifier(out / "model.safetensors")
    assert classifier.class_names == ("blue", "green", "red")
    assert classifier.preprocessing.size == (64, 64)
    assert classifier.weights_sha256 == info.weights_sha256
    image = load_image(colors / "test/green/0.png", size=(64, 64))
    assert classifier.probabilities(image.pixels[None]).argmax() == 1
    assert gnomon.Detector(str(out), device="cpu")(colors / "test/red/1.png").label == "red"

    sets = parts(out)
    assert [len(sets[part]) for part in ("train", "validation", "test")] == [18, 6, 12]
    assert all("/test/" in path for path in sets["test"])
    assert not any("/test/" in path for path in sets["train"] | sets["validation"])
    assert not sets["train"] & sets["validation"]
    header, *rows = (out / "logs/version_0/metrics.csv").read_text().splitlines()
    assert {"train_loss", "validation_loss", "validation_accuracy"} <= set(header.split(","))
    assert len(rows) == 2 * QUICK.epochs
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "confusion.csv").read_text() == done.confusion.csv()
    assert (out / "per_class.csv").read_text().count("1.0000") == 3
    assert (out / "failures.jsonl").read_text() == ""
    assert seen[-1] == ("testing", 12, 12)
    assert ("reading", 36, 36) in seen
    assert ("epochs", 4.0, 4) in seen


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("labels", ["class", "viewpoint"])
def test_no_keypoint_box_or_part_ever_reaches_it(colors: Path, tmp_path: Path, labels: Any) -> None:
    settings = TrainingSettings(labels=labels, epochs=1, validation_share=0.25)
    done = learn(f"guarded:{colors}", tmp_path / "out", settings=settings)
    assert done.info.n_without_label == (6 if labels == "viewpoint" else 0)
    assert done.info.n_test == (9 if labels == "viewpoint" else 12)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize(("labels", "mirrored"), [("class", True), ("viewpoint", False)])
def test_photographs_are_mirrored_unless_their_side_is_the_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: Any, mirrored: bool
) -> None:
    given: list[Photographs] = []

    def catch(_: object, train: Photographs, validation: Photographs, *__: Any, **___: Any) -> None:
        given.extend((train, validation))
        raise KeyboardInterrupt

    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[:, 20:] = 200
    for split, view, number in product(("train", "test"), ("left", "right"), range(1, 11)):
        path = tmp_path / "sides" / split / view / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(pixels).save(path)
    monkeypatch.setattr("gnomon.training.fitting.fit", catch)
    settings = TrainingSettings(labels=labels, validation_share=0.1)
    with pytest.raises(KeyboardInterrupt):
        learn(f"guarded:{tmp_path / 'sides'}", tmp_path / "out", settings=settings)
    train, validation = given
    assert (len(train), len(validation)) == (18, 2)
    shown = [train[0, seed][0] for seed in range(20)]
    assert any(one[..., :8].mean() > one[..., -8:].mean() for one in shown) is mirrored
    assert torch.equal(validation[0, 1][0], validation[0, 2][0])


def test_what_is_interrupted_and_resumed_ends_as_if_undisturbed(
    colors: Path, tmp_path: Path
) -> None:
    def interrupt(stage: str, done: float, total: int) -> None:
        if stage == "epochs" and done > 2.5:
            raise KeyboardInterrupt

    whole = learn(colors, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        learn(colors, tmp_path / "cut", progress=interrupt)
    assert TrainingInfo.read(tmp_path / "cut").end is None
    assert not (tmp_path / "cut/model.safetensors").exists()
    seen: list[float] = []
    resumed = learn(
        colors,
        tmp_path / "cut",
        resume=True,
        progress=lambda stage, done, total: seen.append(done) if stage == "epochs" else None,
    )
    assert 2 < min(seen) < 2.5
    assert resumed.info.weights_sha256 == whole.info.weights_sha256
    assert resumed.info.best_epoch == whole.info.best_epoch

    again = learn(colors, tmp_path / "cut", resume=True)
    assert again.info == resumed.info
    np.testing.assert_array_equal(again.confusion.counts, resumed.confusion.counts)


def test_the_seed_decides(colors: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=1, head_epochs=0, validation_share=0.25)
    other = TrainingSettings(epochs=1, head_epochs=0, validation_share=0.25, seed=1)
    weights = [
        learn(colors, tmp_path / f"{row}", settings=choice).info.weights_sha256
        for row, choice in enumerate((settings, settings, other))
    ]
    assert weights[0] == weights[1] != weights[2]


def test_a_folder_that_holds_something_else_is_left_alone(colors: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=1, head_epochs=1, validation_share=0.25)
    out = tmp_path / "out"
    learn(colors, out, settings=settings)
    with pytest.raises(RunError, match=r"not empty.*--resume"):
        learn(colors, out, settings=settings)
    with pytest.raises(RunError, match="epochs: 1, 4"):
        learn(colors, out, resume=True)
    shutil.rmtree(colors / "test" / "red")
    with pytest.raises(RunError, match="images_sha256"):
        learn(colors, out, settings=settings, resume=True)


def test_a_broken_image_is_left_out_and_named(colors: Path, tmp_path: Path) -> None:
    (colors / "train/red/0.png").write_bytes(b"\x89PNG broken")
    (colors / "test/blue/0.png").write_text("no image")
    settings = TrainingSettings(epochs=1, head_epochs=1, validation_share=0.25)
    done = learn(colors, tmp_path / "out", settings=settings)
    lines = [
        json.loads(line) for line in (tmp_path / "out/failures.jsonl").read_text().splitlines()
    ]
    assert {Path(line["path"]).parent.name for line in lines} == {"red", "blue"}
    assert [failure.path for failure in done.failures] == [line["path"] for line in lines]
    assert done.confusion.counts.sum() == 11
    assert done.info.n_unreadable == 2


def test_an_out_that_names_a_file_puts_the_classifier_there(colors: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=1, head_epochs=1, validation_share=0.25)
    done = learn(colors, tmp_path / "mine.safetensors", settings=settings)
    assert done.model == tmp_path / "mine.safetensors"
    assert gnomon.load_classifier(done.model).class_names == ("blue", "green", "red")
    assert TrainingInfo.read(tmp_path / "mine") == done.info
    assert not (tmp_path / "mine/model.safetensors").exists()


def test_training_stops_early_where_nothing_is_gained(colors: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(
        epochs=30, patience=1, head_epochs=0, learning_rate=1.0, validation_share=0.25
    )
    done = learn(colors, tmp_path / "out", settings=settings)
    assert done.info.epochs is not None
    assert done.info.epochs < 30
    assert done.info.best_epoch is not None
    assert done.info.best_epoch < done.info.epochs


def test_what_cannot_be_trained_makes_no_folder(
    colors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with pytest.raises(DatasetError, match="--labels class"):
        learn(colors, out, settings=TrainingSettings(labels="viewpoint"))
    with pytest.raises(DatasetError, match="no test split"):
        learn(colors / "train", out)
    with pytest.raises(GnomonError, match="did you mean 'squeezenet1_1'"):
        train(colors, Start("embedded/squeezenet"), out, QUICK)
    monkeypatch.setattr("gnomon.training.pipeline.find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"pip install 'gnomon\[train\]'"):
        learn(colors, out)
    assert not out.exists()


def test_a_damaged_checkpoint_is_trained_again_and_no_link_is_followed(
    colors: Path, tmp_path: Path
) -> None:
    def interrupt(stage: str, done: float, total: int) -> None:
        if stage == "epochs" and done > 1.4:
            raise KeyboardInterrupt

    settings = TrainingSettings(epochs=2, head_epochs=1, batch_size=8, validation_share=0.25)
    whole = learn(colors, tmp_path / "whole", settings=settings)
    with pytest.raises(KeyboardInterrupt):
        learn(colors, tmp_path / "cut", settings=settings, progress=interrupt)
    last = tmp_path / "cut" / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:5000])
    (tmp_path / "mine").mkdir()
    (tmp_path / "cut" / "logs" / "version_1").symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match=r"version_1 is a link"):
        learn(colors, tmp_path / "cut", settings=settings, resume=True)
    (tmp_path / "cut" / "logs" / "version_1").unlink()
    done = learn(colors, tmp_path / "cut", settings=settings, resume=True)
    assert done.info.weights_sha256 == whole.info.weights_sha256
    assert list((tmp_path / "mine").iterdir()) == []
    assert not list((tmp_path / "cut").rglob("*.part"))


def test_a_full_disk_is_a_sentence_and_the_last_checkpoint_stays(
    colors: Path, tmp_path: Path
) -> None:
    settings = TrainingSettings(epochs=1, head_epochs=1, batch_size=8, validation_share=0.25)
    with small_disk(tmp_path / "disk", "1m") as disk:
        checkpoints = WholeCheckpoints(disk)
        checkpoints.save_checkpoint({"epoch": 1}, disk / "last.ckpt")
        with pytest.raises(OSError, match="No space left"):
            checkpoints.save_checkpoint({"weights": torch.zeros(10**6)}, disk / "last.ckpt")
        assert checkpoints.load_checkpoint(disk / "last.ckpt", weights_only=True) == {"epoch": 1}
        with pytest.raises(RunError, match=r"cannot be written: No space left.*--resume"):
            learn(colors, disk / "new", settings=settings)
        assert not list(disk.rglob("*.part"))
