"""Every architecture family of torchvision and timm that takes images of at most 384 px.

One small network of each family, with random weights: both engines on a few windows against one
pass for each, in float32, or in float64 where float32 rounds two ways of whole passes apart; and
the fine map of inner layers. The table says of each whether
the incremental engine is exact from regions, runs densely and why, or gnomon refuses it and why.
Whatever else is raised is a fault, and the benchmark fails. Rows are kept as they come, and those
that are there are not measured again, unless they are named.
"""

import argparse
import json
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from time import perf_counter
from typing import Any

import timm
import torch
import torchvision
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from gnomon.backprop import fine_map
from gnomon.classifier import Classifier, Preprocessing
from gnomon.errors import GnomonError
from gnomon.geometry import Affine
from gnomon.occlusion import DenseEngine, IncrementalEngine
from gnomon.occlusion.incremental.planned import Plan
from gnomon.types import Image
from measure import RESULTS, record

NAME = "families"
LARGEST, PATCH, CANDIDATES = 384, 16, 8
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-10}
SMALL = (
    *("test_", "atto", "femto", "pico", "nano", "xxs", "xx_small", "xsmall", "tiny", "xs", "mini"),
    *("small", "_s", "18", "_0", "b0", "m0", "t0", "x0_5", "050", "lite", "light", "11", "26"),
)
"""What the names of small networks hold, the smallest first."""


@dataclass(frozen=True)
class Row:
    """One family: what became of its smallest network here, and how it was found out.

    ``outcome`` is exact, dense, refused or fault. ``apart`` is how far the incremental engine's
    outputs and the dense engine's are from single passes, as parts of the largest, in ``dtype``;
    ``ratio`` how many times less work is planned than dense; ``why`` the reason for what is not
    exact.
    """

    family: str
    network: str
    size: int
    outcome: str
    ratio: float
    apart: tuple[float, float]
    fine: str
    why: str
    seconds: float
    dtype: str = "torch.float32"


def families() -> Iterator[tuple[str, list[str]]]:
    """Each family's networks, the smallest first as far as names tell."""
    listed: dict[str, list[str]] = {}
    for name in torchvision.models.list_models(module=torchvision.models):
        module = torchvision.models.get_model_builder(name).__module__.rpartition(".")[2]
        listed.setdefault(f"torchvision/{module}", []).append(name)
    for module in timm.list_modules():
        listed[f"timm/{module}"] = timm.list_models(module=module)
    for family, names in sorted(listed.items()):
        yield family, sorted(names, key=_smallness)


def _smallness(name: str) -> tuple[int, int, str]:
    rank = next((i for i, hint in enumerate(SMALL) if hint in name), len(SMALL))
    return rank, len(re.findall(r"\d", name)), name


def made(family: str, name: str) -> tuple[nn.Module, int]:
    """Make a network with random weights, and say for which size."""
    if family.startswith("timm/"):
        network: Any = timm.create_model(name, pretrained=False, num_classes=10)
        return network, max(network.default_cfg["input_size"][1:])
    options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    network = torchvision.models.get_model(name, weights=None, num_classes=10, **options)
    return network, 299 if name == "inception_v3" else 224


def built(family: str, names: list[str]) -> tuple[str, int, nn.Module] | None:
    """Build the smallest of the first of a family's networks that take at most ``LARGEST`` px."""
    sizes: dict[str, int] = {}
    for name in names:
        try:
            with torch.device("meta"):
                network, size = made(family, name)
        except (RuntimeError, ImportError, TypeError, KeyError, ValueError, NotImplementedError):
            continue
        if size <= LARGEST:
            sizes[name] = sum(parameter.numel() for parameter in network.parameters())
        if len(sizes) == CANDIDATES:
            break
    for name in sorted(sizes, key=sizes.__getitem__):
        torch.manual_seed(0)
        network, size = made(family, name)
        return name, size, lively(network)
    return None


def lively(network: nn.Module) -> nn.Module:
    """Give weights that begin as zeros values, so that no window goes without effect."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1 and not parameter.any():
                nn.init.normal_(parameter, std=0.1)
            elif parameter.ndim == 1 and (parameter.abs() < 1e-3).all() and parameter.any():
                parameter.fill_(0.1)
    return network.eval()


@torch.no_grad()
def single_passes(scorer: nn.Module, image: Tensor, windows: Tensor, patches: Tensor) -> Tensor:
    rows = []
    for (y, x), patch in zip(windows.tolist(), patches, strict=True):
        covered = image.clone()
        covered[:, y : y + PATCH, x : x + PATCH] = patch
        rows.append(scorer(covered[None])[0])
    return torch.stack(rows)


def tried(family: str, name: str, size: int, network: nn.Module) -> Row:
    """Run both engines and the fine map, and say what became of them."""
    start = perf_counter()
    dtype, apart = torch.float32, (0.0, 0.0)
    (ratio, fine, why) = (1.0, "", "")
    try:
        classifier = Classifier(network, Preprocessing(size=(size, size)))
        pixels = torch.rand(3, size, size, generator=torch.Generator().manual_seed(0))
        planned, apart = compared(classifier, pixels)
        if apart[1] > TOLERANCE[dtype]:
            dtype = torch.float64
            apart = compared(Classifier(network.double(), classifier.preprocessing), pixels)[1]
        drawn = Image(pixels, "drawn", "0", (size, size), Affine.identity())
        fine = fine_map(classifier, drawn, method="guided-layers", label_index=0).method
        begin = [f"{node.name}: {node.because}" for node in planned.nodes if node.because]
        why = planned.dense_because or "; ".join(begin[:2])
        ratio = planned.ratio
        outcome = "dense" if planned.dense_because else "exact"
        if max(apart) > TOLERANCE[dtype]:
            outcome, why = "fault", f"outputs are {max(apart):.0e} apart; {why}"
    except GnomonError as error:
        outcome, why = "refused", str(error)
    except Exception as error:
        outcome, why = "fault", f"{type(error).__name__}: {str(error)[:300]}"
    seconds = round(perf_counter() - start, 1)
    return Row(family, name, size, outcome, round(ratio, 2), apart, fine, why, seconds, str(dtype))


def compared(classifier: Classifier, pixels: Tensor) -> tuple[Plan, tuple[float, float]]:
    """Plan, and measure how far both engines are from single passes over some windows."""
    image = classifier.preprocessing.normalize(pixels.to(classifier.dtype))
    last = pixels.shape[2] - PATCH
    places = [(0, 0), (last, last), (last // 2, last // 3), ((last + PATCH) // 4, last // 2)]
    windows = torch.tensor(places)
    random = torch.Generator().manual_seed(1)
    patches = torch.randn(len(windows), 3, PATCH, PATCH, generator=random).to(image)
    expected = single_passes(classifier.scorer, image, windows, patches)
    engine = IncrementalEngine(classifier.scorer)
    grid = torch.cartesian_prod(torch.arange(0, last, 8), torch.arange(0, last, 8))
    planned = engine.plan(image, grid, PATCH)
    incremental, dense = (
        float((each.outputs(image, windows, patches) - expected).abs().max() / expected.abs().max())
        for each in (engine, DenseEngine(classifier.scorer))
    )
    return planned, (incremental, dense)


def kept() -> dict[str, dict[str, Any]]:
    """Read the rows that are there."""
    try:
        rows = json.loads((RESULTS / f"{NAME}.json").read_text(encoding="utf-8"))["rows"]
    except FileNotFoundError:
        return {}
    return {row["family"]: row for row in rows}


def table(rows: dict[str, dict[str, Any]]) -> Table:
    made = Table("family", "network", "outcome", "planned", "fine", "why")
    for row in rows.values():
        values = (row[key] for key in ("family", "network", "outcome", "ratio", "fine", "why"))
        made.add_row(*map(str, values))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=(), help="families to measure anew")
    only = parser.parse_args().only
    rows = kept()
    warnings.simplefilter("ignore")
    for family, names in families():
        if (family in rows and family not in only) or (only and family not in only):
            continue
        found = built(family, names)
        if found is None:
            continue
        row = tried(family, *found)
        rows[family] = asdict(row)
        print(f"{family} {row.network}: {row.outcome} {row.ratio} {row.why} ({row.seconds} s)")
        with redirect_stdout(StringIO()):
            record(NAME, {"rows": list(rows.values())}, ("torchvision", "timm"))
    Console(width=160).print(table(rows))
    outcomes = [row["outcome"] for row in rows.values()]
    print({outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))})
    sys.exit("fault" in outcomes)


if __name__ == "__main__":
    main()
