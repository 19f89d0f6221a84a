"""Every reader of foreign bytes, with sound seeds: each takes any bytes or says a sentence.

A seed is written in place of one file of a sound folder, and the folder is read as a user would.
`make fuzz` runs each target under atheris; the tests run them all on a few hundred mutations.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from drawn import drawn_info, found_points
from safetensors.torch import save
from small_sets import write_small

from gnomon.classifier import Preprocessing
from gnomon.classifier.checkpoint import load_checkpoint
from gnomon.corrections.coco import read_coco
from gnomon.corrections.cvat import read_cvat
from gnomon.corrections.label_studio import read_label_studio
from gnomon.datasets import open_dataset
from gnomon.export import export_run
from gnomon.images import Limits
from gnomon.runs import Event, ReviewFile, read_review, read_run, write_run
from gnomon.runs.findings import read_evaluation
from gnomon.runs.heatmaps import read_heatmaps, write_heatmaps
from gnomon.runs.store import LocalStore
from gnomon.scale import list_inputs
from gnomon.scale.reading import Reading


@dataclass(frozen=True, slots=True)
class Target:
    """A file whose bytes are fuzzed, and what reads it then; its content to begin with is sound.

    ``wrap`` makes the file's bytes of those that are fuzzed.
    """

    file: Path
    seed: bytes
    read: Callable[[], object]
    wrap: Callable[[bytes], bytes] = bytes

    def __call__(self, content: bytes) -> None:
        """Read the content in place of the seed."""
        self.file.write_bytes(self.wrap(content))
        self.read()


def _folder(kind: str) -> Path:
    return Path(mkdtemp(prefix=f"gnomon-fuzz-{kind}-"))


def _run() -> Path:
    run = _folder("run") / "run"
    found = found_points(3)
    write_run(run, drawn_info(size=(4, 6)), {"a.jpg": found, "b.jpg": ValueError("green")})
    write_heatmaps(LocalStore(run), "0" * 16, found)
    return run


def _in_run(name: str) -> Target:
    run = _run()
    file = next(run.glob(name))
    return Target(file, file.read_bytes(), lambda: read_run(run))


def _heatmaps() -> Target:
    store = LocalStore(_run())
    file = next((store.root / "heatmaps").iterdir())
    return Target(file, file.read_bytes(), lambda: read_heatmaps(store, "0" * 16, (4, 6)))


def _review() -> Target:
    run = _run()
    image_id = read_run(run).images["image_id"][0].as_py()
    file = run / "review.jsonl"
    events = (
        Event(kind="added", image_id=image_id, points=(4,), x=3.0, y=4.0, name="beak"),
        Event(kind="rejected", image_id=image_id, points=(1, 2)),
        Event(kind="undone", image_id=image_id, undoes=1),
    )
    for event in events:
        ReviewFile(run).record(event)
    return Target(file, file.read_bytes(), lambda: read_review(file))


def _evaluation() -> Target:
    store = LocalStore(_run())
    interval = {"value": 0.5, "low": 0.4, "high": None}
    shares = dict.fromkeys(("precision", "recall", "f1", "error"), interval)
    record = {
        "headline": {"budget": 15, "alpha": 0.1},
        "dataset": "cub:birds",
        "evaluation": {
            "images": 1,
            "methods": [{"method": "gnomon", "scores": [{"budget": 15, "alpha": 0.1} | shares]}],
        },
        "sanity": {"images": 1, "layers": 3, "stages": [{"survived": 0.5, "by_chance": None}]},
    }
    seed = json.dumps(record).encode()
    store.write("evaluation/evaluation.json", seed)
    file = store.root / "evaluation" / "evaluation.json"
    return Target(file, seed, lambda: read_evaluation(store))


def _dataset(kind: str, name: str) -> Target:
    folder = write_small(kind, _folder(kind) / "set")
    file = folder / name
    return Target(file, file.read_bytes(), lambda: list(open_dataset(f"{kind}:{folder}")))


def _label_studio() -> Target:
    out = _folder("label-studio") / "out"
    export_run(_run(), "label-studio", out)
    tasks = json.loads((out / "tasks.json").read_bytes())
    for task in tasks:
        task["annotations"] = task.pop("predictions")
    file = out / "file.json"
    return Target(file, json.dumps(tasks).encode(), lambda: read_label_studio(file))


def _coco_import() -> Target:
    out = _folder("coco") / "out.json"
    export_run(_run(), "coco", out)
    return Target(out, out.read_bytes(), lambda: read_coco(out))


def _cvat() -> Target:
    out = _folder("cvat") / "out"
    export_run(_run(), "cvat", out)
    file = out / "annotations.xml"
    return Target(file, file.read_bytes(), lambda: read_cvat(file))


def _checkpoint() -> Target:
    """Fuzz the header, of the right length; the tensor is too small for any network."""
    metadata = {
        "gnomon": "1",
        "architecture": json.dumps({"spec": "torchvision/resnet18", "n_classes": 2}),
        "class_names": '["a", "b"]',
        "preprocessing": json.dumps(Preprocessing().to_dict()),
    }
    whole = save({"fc.bias": torch.zeros(2)}, metadata)
    (length,) = struct.unpack("<Q", whole[:8])
    file = _folder("checkpoint") / "m.safetensors"
    return Target(
        file,
        whole[8 : 8 + length],
        lambda: load_checkpoint(file),
        lambda header: struct.pack("<Q", len(header)) + header + whole[8 + length :],
    )


def _listed(file: Path) -> None:
    reading = Reading(Limits(max_pixels=4_000_000), isolate=False)
    for number, one in enumerate(list_inputs([str(file)])):
        if number < 3:
            reading.content(one)


def _list(suffix: str, seed: bytes) -> Target:
    file = _folder("list") / f"list.{suffix}"
    return Target(file, seed, lambda: _listed(file))


def _table() -> bytes:
    sink = BytesIO()
    pq.write_table(pa.table({"image": [b"abc"] * 3, "path": ["a.jpg"] * 3}), sink)
    return sink.getvalue()


def _archive() -> bytes:
    import tarfile

    sink = BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        member = tarfile.TarInfo("a.jpg")
        member.size = 3
        archive.addfile(member, BytesIO(b"abc"))
    return sink.getvalue()[:2048]


TARGETS: dict[str, Callable[[], Target]] = {
    "run.json": lambda: _in_run("run.json"),
    "images": lambda: _in_run("images/*.parquet"),
    "keypoints": lambda: _in_run("keypoints/*.parquet"),
    "failures": lambda: _in_run("failures.jsonl"),
    "heatmaps": _heatmaps,
    "review": _review,
    "evaluation": _evaluation,
    "coco": lambda: _dataset("coco", "annotations.json"),
    "car_parts": lambda: _dataset("car_parts", "annotations.json"),
    "cub": lambda: _dataset("cub", "parts/part_locs.txt"),
    "fg3dcar": lambda: _dataset("fg3dcar", "landmarks.csv"),
    "pf_willow": lambda: _dataset("pf_willow", "car(G)/a.mat"),
    "stanfordextra": lambda: _dataset("stanfordextra", "StanfordExtra_v12.json"),
    "stanfordextra-split": lambda: _dataset(
        "stanfordextra", "train_stanford_StanfordExtra_v12.npy"
    ),
    "synthetic": lambda: _dataset("synthetic", "truth.csv"),
    "corrected": lambda: _dataset("corrected", "landmarks.json"),
    "import-coco": _coco_import,
    "import-cvat": _cvat,
    "import-label-studio": _label_studio,
    "checkpoint": _checkpoint,
    "list-txt": lambda: _list("txt", b"a.jpg\n\nb/c.png\n"),
    "list-csv": lambda: _list("csv", b'label,path\na,"b.jpg"\n'),
    "list-parquet": lambda: _list("parquet", _table()),
    "list-tar": lambda: _list("tar", _archive()),
}
"""What makes each target, by name."""
