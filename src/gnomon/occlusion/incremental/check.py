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
from gnomon.occlusion.incremental.regions import Ints, Place, Region, complete
from gnomon.occlusion.incremental.rules.rule import to_region
from gnomon.occlusion.incremental.run import Run
from gnomon.occlusion.incremental.schedule import Schedule

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4}
"""How far outputs may be apart, as a part of the largest; 0.05 in fewer bits."""
LEAST = 1e-3
"""What is less than this is as good as 0, and rounding may be as large."""
OF_THE_CHANGE = 0.01
"""How far more they may be apart, as a part of what the windows change."""
WINDOWS = 3
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
    """Compare rows to those expected; ``clean`` (1,K) is the row without a window."""
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
    (few, alone) = _few(schedule)
    places = [_windows_of(one)[0] for one in alone]
    patch = torch.randn(
        len(places),
        3,
        places[0].height,
        places[0].width,
        generator=torch.Generator().manual_seed(0),
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
    for one, at, patch, whole in zip(alone, places, patches, covered, strict=True):
        pair = torch.stack([images[int(at.image[0])], whole])
        step = _first_fault(module, one, images, patch[None], pair)
        if step is not None:
            named = f" ({rule_name(step.rule)})" if step.rule else ""
            return f"its plan goes wrong at the node {step.node}{named}"
    return "its plan does not compute what it computes"


def _few(schedule: Schedule) -> tuple[Schedule, list[Schedule]]:
    """Take a window of a schedule's first group, and two that run together of its largest.

    Returns them as one schedule, and as one for each window.
    """
    largest = max(schedule.groups, key=lambda group: group.windows)
    last = largest.batches[-1]
    rows = np.unique([len(last.rows) // 2, len(last.rows) - 1])
    groups: list[Group] = []
    alone: list[Schedule] = []
    for group, batch, part in (
        (schedule.groups[0], schedule.groups[0].batches[0], np.array([0])),
        (largest, last, rows),
    ):
        groups.append(_part(group, batch, part, len(alone)))
        singles = [_part(group, batch, part[i : i + 1], 0) for i in range(len(part))]
        alone += [replace(schedule, groups=[single]) for single in singles]
    return replace(schedule, groups=groups), alone


def _part(group: Group, batch: Batch, part: Ints, first: int) -> Group:
    """Take some windows of a group's batch, and count them from ``first`` on."""
    taken = {id(place): place.take(part) for place in batch.places.values()}
    at = {node: taken[id(place)] for node, place in batch.places.items()}
    return replace(group, batches=[Batch(first + np.arange(len(part)), at)])


def _windows_of(schedule: Schedule) -> list[Place]:
    """Return where the windows of a schedule's batches lie in the images."""
    (node,) = (step.node for step in schedule.steps if step.kind == "input")
    return [batch.places[node] for group in schedule.groups for batch in group.batches]


def _cover(images: Tensor, place: Place, patch: Tensor) -> Tensor:
    (image, y, x) = (int(part[0]) for part in (place.image, place.y, place.x))
    covered = images[image : image + 1].clone()
    covered[:, :, y : y + place.height, x : x + place.width] = patch
    return covered


def _first_fault(
    module: fx.GraphModule, schedule: Schedule, images: Tensor, patches: Tensor, pair: Tensor
) -> Step | None:
    """Find the first step whose values are not those of a whole pass, for a schedule's one window.

    ``pair`` is the image (3,H,W) without and with the window.
    """
    made: dict[fx.Node, Any] = {}

    def watch(step: Step, value: Any) -> None:
        made[step.node] = _kept(value)

    Run(module, schedule, images, watch).outputs(patches, None)
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
