"""The incremental engine against the dense one and against Captum's Occlusion.

For each model and size: seconds for all windows of 16 px at every 8 (729 at 224 px, 3,025 at 448),
alternating in one process, float32, TF32 off. The incremental engine runs them all; the other two
run ``--slice`` windows, as their time is in proportion, and are scaled up. Captum runs at its
best ``perturbations_per_eval``, found first. On a GPU there is one more row: images a second of
VGG-19 in bfloat16, several together and one by one, beside a compiled dense baseline and what the
card's matrix rate would allow.
``--models`` measures these anew and keeps the other rows of the result.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter

import timm
import torch
import torchvision
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor, nn

from gnomon.occlusion import DenseEngine
from gnomon.occlusion.incremental import IncrementalEngine
from gnomon.occlusion.incremental.machine import machine_of
from gnomon.occlusion.windows import window_grid
from measure import alternate, ratios, record, recorded

PATCH, STRIDE = 16, 8
CAPTUM_BATCHES = (1, 8, 32)
CAPTUM_SIDE = 8


@dataclass(frozen=True)
class Row:
    """A model at a size, and how many times as fast as dense it is to be on two CPU cores."""

    model: str
    size: int
    goal: float


ROWS = (
    Row("vgg16", 224, 9.2),
    Row("vgg19", 224, 7.2),
    Row("vgg16", 448, 35.0),
    Row("googlenet", 224, 3.4),
    Row("squeezenet1_1", 224, 3.0),
    Row("squeezenet1_1", 448, 9.0),
    Row("resnet18", 224, 2.5),
    Row("resnet50", 224, 2.5),
    Row("resnet50", 448, 6.2),
    Row("mobilenet_v2", 224, 1.9),
    Row("tf_efficientnet_lite0", 224, 1.6),
    Row("densenet121", 224, 0.95),
    Row("convnext_tiny", 224, 0.95),
    Row("efficientnet_b0", 224, 0.95),
    Row("mobilenet_v3_large", 224, 0.95),
    Row("shufflenet_v2_x1_0", 224, 0.95),
    Row("regnet_y_400mf", 224, 0.95),
    Row("alexnet", 224, 0.95),
    Row("vgg11_bn", 224, 0.95),
    Row("inception_v3", 299, 0.95),
    Row("resnext50_32x4d", 224, 0.95),
    Row("wide_resnet50_2", 224, 0.95),
    Row("mnasnet1_0", 224, 0.95),
    Row("regnet_x_400mf", 224, 0.95),
    Row("efficientnet_v2_s", 224, 0.95),
    Row("efficientnet_b1", 224, 0.95),
    Row("efficientnet_b3", 224, 0.95),
    Row("efficientnet_v2_m", 224, 0.95),
    Row("densenet161", 224, 0.95),
    Row("densenet169", 224, 0.95),
    Row("convnext_small", 224, 0.95),
    Row("regnet_y_1_6gf", 224, 0.95),
    Row("mobilenet_v3_small", 224, 0.95),
    Row("mnasnet0_5", 224, 0.95),
    Row("mnasnet1_3", 224, 0.95),
    Row("shufflenet_v2_x0_5", 224, 0.95),
    Row("shufflenet_v2_x2_0", 224, 0.95),
    Row("squeezenet1_0", 224, 0.95),
    Row("resnet34", 224, 0.95),
    Row("regnet_x_1_6gf", 224, 0.95),
    Row("vgg13", 224, 0.95),
    Row("resnet101", 224, 0.95),
)


def network(name: str) -> nn.Module:
    """Make a network with random weights; what it takes does not depend on them."""
    torch.manual_seed(0)
    if name in ("googlenet", "inception_v3"):
        made: nn.Module = torchvision.models.get_model(name, aux_logits=False, init_weights=False)
    elif name.startswith("tf_"):
        made = timm.create_model(name)
    else:
        made = torchvision.models.get_model(name)
    return made.eval()


def captum_pass(model: nn.Module, image: Tensor, batch: int) -> None:
    """Occlude 64 windows side by side."""
    patch = image.shape[1] // CAPTUM_SIDE
    with torch.no_grad():
        CaptumOcclusion(lambda x: model(x)[:, 0]).attribute(
            image[None],
            sliding_window_shapes=(3, patch, patch),
            strides=(3, patch, patch),
            perturbations_per_eval=batch,
        )
    _wait(image.device)


def compare(row: Row, device: torch.device, rounds: int, slice_size: int) -> dict[str, object]:
    """Time the three on one model."""
    model = network(row.model).to(device)
    generator = torch.Generator().manual_seed(1)
    image = torch.randn(3, row.size, row.size, generator=generator).to(device)
    windows = window_grid(row.size, row.size, PATCH, STRIDE)
    patches = torch.randn(len(windows), 3, PATCH, PATCH, generator=generator).to(device)
    some = torch.randperm(len(windows), generator=generator)[:slice_size]
    dense, incremental = DenseEngine(model), IncrementalEngine(model)
    plan = incremental.plan(image, windows, PATCH)
    expected = dense.outputs(image, windows[some], patches[some])
    difference = (incremental.outputs(image, windows, patches)[some] - expected).abs().max()
    rivals: dict[str, Callable[[], object]] = {
        "dense": lambda: dense.outputs(image, windows[some], patches[some]),
        "incremental": lambda: incremental.outputs(image, windows, patches),
    }
    trial = {str(b): lambda b=b: captum_pass(model, image, b) for b in CAPTUM_BATCHES}
    tried = {batch: min(times) for batch, times in alternate(trial, 1).items()}
    best = int(min(tried, key=lambda batch: tried[batch]))
    rivals["captum"] = lambda: captum_pass(model, image, best)
    seconds = alternate(rivals, rounds)
    scale = {
        "dense": len(windows) / len(some),
        "incremental": 1.0,
        "captum": len(windows) / (CAPTUM_SIDE**2 + 1),
    }
    scaled = {name: [t * scale[name] for t in times] for name, times in seconds.items()}
    return {
        "model": row.model,
        "size": row.size,
        "windows": len(windows),
        "over_dense": ratios(scaled["dense"], scaled["incremental"]),
        "over_captum": ratios(scaled["captum"], scaled["incremental"]),
        "goal_over_dense": row.goal,
        "planned_ratio": plan.ratio,
        "ideal_ratio": plan.dense_multiply_adds / plan.ideal_multiply_adds,
        "multiply_adds": plan.multiply_adds,
        "ideal_multiply_adds": plan.ideal_multiply_adds,
        "dense_multiply_adds": plan.dense_multiply_adds,
        "largest_difference": float(difference / expected.abs().max()),
        "captum_best_perturbations_per_eval": best,
        "seconds": scaled,
    }


def throughput(device: torch.device, images: int) -> dict[str, object]:
    """Time exact VGG-19 occlusion in bfloat16, images together and one after the other."""
    model = network("vgg19").to(device, torch.bfloat16)
    windows = window_grid(224, 224, PATCH, STRIDE)
    pixels = torch.randn(images, 3, 224, 224).to(device, torch.bfloat16)
    patches = torch.randn(images, len(windows), 3, PATCH, PATCH).to(device, torch.bfloat16)
    engine = IncrementalEngine(model)
    baseline = torch.compile(model.to(memory_format=torch.channels_last))
    batch = torch.randn(243, 3, 224, 224, device=device, dtype=torch.bfloat16)
    batch = batch.to(memory_format=torch.channels_last)

    def dense() -> None:
        with torch.no_grad():
            for _ in range(len(windows) // len(batch)):
                baseline(batch)
        _wait(device)

    def together() -> None:
        engine.outputs_of_several(pixels, windows, patches)
        _wait(device)

    def one_by_one() -> None:
        for image, filling in zip(pixels, patches, strict=True):
            engine.outputs(image, windows, filling)
        _wait(device)

    rivals = {"dense": dense, "together": together, "one_by_one": one_by_one}
    for rival in rivals.values():
        rival()
    seconds = alternate(rivals, 5)
    plan = engine.plan(pixels[0], windows, PATCH)
    return {
        "images_together": images,
        "images_a_second": min(images / t for t in seconds["together"]),
        "images_a_second_at_the_matrix_rate": _matrix_rate(device) / plan.ideal_multiply_adds,
        "over_compiled_dense": ratios([images * t for t in seconds["dense"]], seconds["together"]),
        "over_one_by_one": ratios(seconds["one_by_one"], seconds["together"]),
        "seconds": seconds,
    }


def _matrix_rate(device: torch.device) -> float:
    """Multiply-adds a second of a large bfloat16 product."""
    side = 8192
    square = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    best = float("inf")
    for _ in range(5):
        start = perf_counter()
        for _ in range(10):
            square @ square
        _wait(device)
        best = min(best, perf_counter() - start)
    return 10 * side**3 / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def told(row: Row, result: dict[str, object]) -> str:
    """Put a row's result into a line."""
    dense, captum = result["over_dense"], result["over_captum"]
    assert isinstance(dense, dict)
    assert isinstance(captum, dict)
    return (
        f"{row.model:22} {row.size}  over dense {dense['median']:5.2f} "
        f"({dense['lowest']:.2f} to {dense['highest']:.2f}), goal {row.goal:5.2f}, "
        f"over Captum {captum['median']:5.2f}, planned {result['planned_ratio']:5.2f}, "
        f"ideal {result['ideal_ratio']:5.2f}, difference {result['largest_difference']:.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--models", nargs="*", help="names, or name@size; all unless given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slice", type=int, default=32, help="windows that dense runs")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    device = torch.device(options.device)
    name = f"occlusion_speed_{device.type}"
    rows = {f"{one['model']}@{one['size']}": one for one in recorded(name).get("rows", [])}
    try:
        for row in ROWS:
            names = {row.model, f"{row.model}@{row.size}"}
            if options.models and not names & set(options.models):
                continue
            result = compare(row, device, options.rounds, options.slice)
            rows[f"{row.model}@{row.size}"] = result
            print(told(row, result), flush=True)
    except KeyboardInterrupt:
        print("interrupted: what was measured is written")
    values: dict[str, object] = {
        "patch": PATCH,
        "stride": STRIDE,
        "machine_in_multiply_adds": asdict(machine_of(device)),
        "rows": list(rows.values()),
    }
    if device.type == "cuda":
        values["vgg19_bfloat16"] = throughput(device, images=8)
    record(name, values, ("torchvision", "timm", "captum"))


if __name__ == "__main__":
    main()
