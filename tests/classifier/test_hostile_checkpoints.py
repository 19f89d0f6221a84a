"""Checkpoints that somebody prepared: a classifier or one sentence, and nothing else happens."""

import json
import os
import random
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hostile import HOSTILE_VALUES, as_json, limited, mutations, settled, watched
from safetensors.torch import save

from gnomon.classifier import Architecture, Classifier, Preprocessing, build_network
from gnomon.classifier.checkpoint import load_checkpoint, save_checkpoint

SMALL = transformers.ResNetConfig(
    embedding_size=8, hidden_sizes=[8], depths=[1], id2label={0: "a", 1: "b", 2: "c"}
).to_json_string(use_diff=False)
FIELDS = ("architecture", "class_names", "preprocessing")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Write a checkpoint of a tiny network, and read it once, so that all is imported."""
    torch.manual_seed(0)
    architecture = Architecture("hf", 3, SMALL)
    network = build_network(architecture)
    file = tmp_path / "m.safetensors"
    save_checkpoint(
        Classifier(network, Preprocessing(size=(32, 32)), ("a", "b", "c"), "m", architecture), file
    )
    load_checkpoint(file)
    return file


def taken_apart(file: Path) -> tuple[dict[str, Any], bytes]:
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(header: bytes, body: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + body


def outcomes(file: Path, contents: Iterator[tuple[str, bytes]]) -> int:
    refused = 0
    with watched([file.parent]), limited(seconds=60, megabytes=300):
        for what, content in contents:
            file.write_bytes(content)
            try:
                refused += settled(lambda: load_checkpoint(file)) is not None
            except BaseException as error:
                error.add_note(what)
                raise
    return refused


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_of_the_metadata(field: str, sound: Path) -> None:
    header, body = taken_apart(sound)
    value = json.loads(header["__metadata__"][field])
    spec = {"spec": "torchvision/resnet18", "n_classes": 3}

    def contents() -> Iterator[tuple[str, bytes]]:
        for base in (value, spec) if field == "architecture" else (value,):
            for what, changed in mutations(base):
                text = as_json(changed).decode()
                meta = header["__metadata__"] | {field: text}
                yield what, put_together(json.dumps(header | {"__metadata__": meta}).encode(), body)

    assert outcomes(sound, contents()) > len(HOSTILE_VALUES)


def test_each_field_of_the_configuration(sound: Path) -> None:
    header, body = taken_apart(sound)
    lures = {
        "auto_map": {"AutoModelForImageClassification": "hostile_mark--code.Model"},
        "attn_implementation": "somebody/kernel",
        "_attn_implementation": "somebody/kernel",
        "backbone": "hf-hub:somebody/x",
        "use_timm_backbone": True,
        "use_pretrained_backbone": True,
        "backbone_config": {"model_type": "resnet"},
    }
    wrappers = [
        {"model_type": "timm_wrapper", "architecture": "hf-hub:somebody/x"},
        {"model_type": "timm_wrapper", "architecture": "resnet18"},
        {"model_type": "swin", "depths": [2**20] * 4},
        {"model_type": "swin", "window_size": 2**19},
        {"model_type": "vit", "num_hidden_layers": 2**20},
        {"model_type": "vit", "hidden_size": 2**20, "num_attention_heads": 1},
        {"model_type": "vit", "patch_size": 2**20, "image_size": 2**20},
        {"model_type": "clip", "vision_config": {"hidden_size": 2**20}},
        {"model_type": "bit", "auto_map": {"AutoConfig": "hostile_mark.Config"}},
    ]
    names = sorted(json.loads(SMALL))

    def contents() -> Iterator[tuple[str, bytes]]:
        base = json.loads(SMALL)
        changed: list[tuple[str, object]] = [(name, base | {name: v}) for name, v in lures.items()]
        changed += [(str(one), one) for one in wrappers]
        changed += [
            (f"{name}: {what}", base | {name: value})
            for name in names
            for what, value in HOSTILE_VALUES.items()
            if what
            in ("null", "text", "minus 5", "10^9", "2^63", "a list", "a plug", "a hub's name")
        ]
        for what, config in changed:
            text = as_json({"spec": "hf", "n_classes": 3, "config": as_json(config).decode()})
            meta = header["__metadata__"] | {"architecture": text.decode()}
            yield what, put_together(json.dumps(header | {"__metadata__": meta}).encode(), body)

    assert outcomes(sound, contents()) >= len(lures) + len(wrappers)


ARCHITECTURES = (
    "os:system:touch hostile_mark",
    "hostile_mark:run",
    "hf/somebody/hostile",
    "timm/hf-hub:somebody/hostile",
    "timm/hf_hub:somebody/hostile",
    "timm/local-dir:/etc",
    "torchvision/../x",
    "torchvision/get_model",
    "torchvision/quantized_resnet18",
    "embedded/squeezenet1_1",
    "http://127.0.0.1:9/x",
    "/etc/hostname",
    "timm/vit_gigantic_patch14_224",
    "torchvision/vit_h_14",
    "torchvision/vgg19",
    "torchvision/regnet_y_128gf",
)


@pytest.mark.parametrize("spec", ARCHITECTURES)
def test_names_of_code_of_hubs_and_of_networks_larger_than_the_file(
    spec: str, tmp_path: Path
) -> None:
    metadata = {
        "gnomon": "1",
        "architecture": json.dumps({"spec": spec, "n_classes": 3}),
        "class_names": '["a", "b", "c"]',
        "preprocessing": json.dumps(Preprocessing().to_dict()),
    }
    file = tmp_path / "m.safetensors"
    file.write_bytes(save({"weight": torch.zeros(3)}, metadata))
    settled(lambda: load_checkpoint(file))  # what it imports, it imports now
    with watched([]), limited(seconds=20, megabytes=60):
        assert settled(lambda: load_checkpoint(file)) is not None


def test_each_field_of_the_file_s_own_header(sound: Path) -> None:
    header, body = taken_apart(sound)
    names = ["__metadata__", next(name for name in header if name != "__metadata__")]

    def contents() -> Iterator[tuple[str, bytes]]:
        for what, changed in mutations({name: header[name] for name in names}):
            if isinstance(changed, dict):
                changed = {name: one for name, one in header.items() if name not in names} | changed
            yield what, put_together(as_json(changed), body)
        whole = sound.read_bytes()
        for length in (0, 1, 2**40, 2**63, 2**64 - 1):
            yield f"a header of {length}", struct.pack("<Q", length) + whole[8:]
        for cut in (0, 7, 8, 100, len(whole) - 1):
            yield f"cut at {cut}", whole[:cut]

    assert outcomes(sound, contents()) > len(HOSTILE_VALUES)


def test_damaged_weights(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    torch.save({"weight": torch.zeros(3)}, file)
    whole = file.read_bytes()
    settled(lambda: load_checkpoint(file))

    def contents() -> Iterator[tuple[str, bytes]]:
        for seed in range(200):
            rng = random.Random(seed)
            damaged = bytearray(whole)
            for _ in range(rng.choice([1, 4, 16])):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            yield f"seed {seed}", bytes(damaged)
        yield "a pickle", b"cos\nsystem\n(S'touch hostile_mark'\ntR."

    assert outcomes(file, contents()) == 201


def test_what_stands_in_place_of_a_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.safetensors")
    (tmp_path / "device.safetensors").symlink_to("/dev/zero")
    (tmp_path / "folder.safetensors").mkdir()
    for name in ("fifo", "device", "folder"):
        load = partial(load_checkpoint, tmp_path / f"{name}.safetensors")
        with watched([]), limited(seconds=5, megabytes=50):
            assert "there is no weights file" in (settled(load) or "")
