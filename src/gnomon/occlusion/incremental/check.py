"""A plan compared with whole passes of the network, before it is followed."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from gnomon.errors import GnomonError
from gnomon.memory import is_out_of_memory
from gnomon.occlusion.engine import check_finite
from gnomon.occlusion.incremental.analysis import Step
from gnomon.occlusion.incremental.groups import Batch, Group
from gnomon.occlusion.incremental.nodes import clean_run, last_reads
from gnomon.occlusion.incremental.refusal import rule_name
from gnomon.occlusion.incremental.regions import Place, Region, complete
from gnomon.occlusion.incremental.rules.rule import to_region
from gnomon.occlusion.incremental.run import Run
from gnomon.occlusion.incremental.schedule import Schedule

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4}
"""How far outputs may be apart, as a part of the largest; 0.05 in fewer bits."""
LEAST = 1e-3
"""What is less than this is as good as 0, and rounding may be as large."""
OF_THE_CHANGE = 0.01
"""How far more they may be apart, as a part of what the windows change."""
WINDOWS = 2
NO_ROW = "the network does not give one tensor (N, classes) for one image"


def expected_outputs(network: nn.Module, images: Tensor) -> Tensor | None:
    """Compute what the network gives for each image (3,H,W) alone; ``None`` if that is no row."""
    rows = []
    for image in images:
        try:
            row = network(image[None].clone(memory_format=torch.contiguous_format))
        except GnomonError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            return None
        if not isinstance(row, Tensor) or row.ndim != 2 or len(row) != 1:
            return None
        rows.append(row)
    return torch.cat(rows)


def agree(given: Any, expected: Tensor, clean: Tensor) -> bool:
    """Say whether rows are those expected; ``clean`` (1,K) is the row without a window."""
    if not isinstance(given, Tensor) or given.shape != expected.shape:
        return False
    change = float((expected - clean).abs().max())
    return bool((given - expected).abs().max() <= _bound(expected) + OF_THE_CHANGE * change)


def find_fault(
    network: nn.Module, module: fx.GraphModule, schedule: Schedule, images: Tensor, clean: Tensor
) -> str:
    """Follow the plan for a few windows of the images and say where it goes wrong, if it does.

    ``clean`` (1,K) is what the network gives for the first image. At most ``WINDOWS`` passes of the
    network, one of its graph and as many windows; two more of the graph to find the node.
    """
    (few, places) = _few(schedule)
    place = places[0]
    patch = torch.randn(
        len(places), 3, place.height, place.width, generator=torch.Generator().manual_seed(0)
    )
    patches = patch.to(images) * images.std()
    covered = torch.cat(
        [_cover(images, at, patch) for at, patch in zip(places, patches, strict=True)]
    )
    expected = expected_outputs(network, covered)
    if expected is None:
        return NO_ROW
    check_finite(expected, "occluded copies")
    given = Run(module, few, images).outputs(patches, None)
    if agree(given, expected, clean):
        return ""
    for row in range(len(places)):
        step = _first_fault(module, few, images, patches, covered, row, places[row])
        if step is not None:
            named = f" ({rule_name(step.rule)})" if step.rule else ""
            return f"its plan goes wrong at the node {step.node}{named}"
    return "its plan does not compute what it computes"


def _few(schedule: Schedule) -> tuple[Schedule, list[Place]]:
    """Take a few windows of a schedule, of its first and its largest group."""
    (node,) = (step.node for step in schedule.steps if step.kind == "input")
    largest = max(schedule.groups, key=lambda group: group.windows)
    groups: list[Group] = []
    places: list[Place] = []
    for number, group in enumerate((schedule.groups[0], largest)[:WINDOWS]):
        batch = group.batches[-1 if number else 0]
        middle = np.array([len(batch.rows) // 2 if number else 0])
        taken = {id(place): place.take(middle) for place in batch.places.values()}
        at = {node: taken[id(place)] for node, place in batch.places.items()}
        groups.append(replace(group, batches=[Batch(np.array([number]), at)]))
        places.append(at[node])
    return replace(schedule, groups=groups), places


def _cover(images: Tensor, place: Place, patch: Tensor) -> Tensor:
    (image, y, x) = (int(part[0]) for part in (place.image, place.y, place.x))
    covered = images[image : image + 1].clone()
    covered[:, :, y : y + place.height, x : x + place.width] = patch
    return covered


def _first_fault(
    module: fx.GraphModule,
    schedule: Schedule,
    images: Tensor,
    patches: Tensor,
    covered: Tensor,
    row: int,
    place: Place,
) -> Step | None:
    """Find the first step whose values are not those of a whole pass, for one window."""
    made: dict[fx.Node, Any] = {}
    one = replace(schedule, groups=[schedule.groups[row]])
    (batch,) = one.groups[0].batches
    one.groups[0] = replace(one.groups[0], batches=[Batch(np.array([0]), batch.places)])
    run = Run(module, one, images, lambda step, value: made.setdefault(step.node, _kept(value)))
    run.outputs(patches[row : row + 1], None)
    pair = torch.cat([images[int(place.image[0])][None], covered[row : row + 1]])
    steps = {step.node: step for step in schedule.steps}
    found: list[Step] = []

    def compare(node: fx.Node, values: dict[fx.Node, Any]) -> None:
        (step, value, given) = (steps[node], values[node], made.get(node))
        if found or given is None or step.shape[:1] != (1,) or not value.is_floating_point():
            return
        (expected, given) = (value[1:], given)
        if isinstance(given, Region):
            assert step.axes is not None
            maps = to_region(value, step.axes)
            here = replace(given.place, image=np.zeros_like(given.place.image))
            region = Region(given.values, here)
            given = complete(maps[:1], region, here.whole(*step.map_size))
            expected = maps[1:]
        is_like = isinstance(given, Tensor) and given.shape == expected.shape
        if not (is_like and (given - expected).abs().max() <= 10 * _bound(expected)):
            found.append(step)

    order = last_reads({node: node.all_input_nodes for node in module.graph.nodes})
    clean_run(module, pair.contiguous(memory_format=torch.channels_last), order, compare)
    return found[0] if found else None


def _kept(value: Any) -> Any:
    """Copy what a later step may write over."""
    if isinstance(value, Region):
        return Region(value.values.clone(), value.place)
    return value.clone() if isinstance(value, Tensor) else value


def _bound(values: Tensor) -> float:
    return TOLERANCE.get(values.dtype, 0.05) * max(float(values.abs().max()), LEAST)
