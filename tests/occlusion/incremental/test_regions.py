import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.occlusion.incremental.classes import MOST_CLASSES, choose_classes
from gnomon.occlusion.incremental.regions import Place, Region, Span, complete
from gnomon.occlusion.incremental.rules.sliding import Sweep

CPU = torch.device("cpu")
PROPERTY = settings(derandomize=True, deadline=None, max_examples=200)


@PROPERTY
@given(st.data())
def test_a_sweep_reaches_what_a_brute_force_convolution_reaches(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 30))
    kernel, stride = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    dilation, before = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 4))
    reach = dilation * (kernel - 1)
    outputs = (length + 2 * before - reach - 1) // stride + 1
    if outputs < 1:
        return
    lo = data.draw(st.integers(0, length - 1))
    hi = data.draw(st.integers(lo + 1, length))
    span = Span(np.array([lo]), np.array([hi]), length)
    out = Sweep(kernel, stride, dilation, before, length, outputs).spread(span)
    taps = [[o * stride - before + k * dilation for k in range(kernel)] for o in range(outputs)]
    # Between two taps of a dilated kernel lies nothing, but the interval holds it.
    touched = [o for o, reads in enumerate(taps) if reads[0] < hi and reads[-1] >= lo]
    if touched:
        assert (out.lo[0], out.hi[0]) == (touched[0], touched[-1] + 1)
    assert 0 <= out.lo[0] < out.hi[0] <= outputs


@PROPERTY
@given(st.data())
def test_completing_a_region_is_pasting_it_and_cutting(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    count, images = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    clean = torch.arange(images * height * width * 2.0).view(images, height, width, 2)
    image = np.array([data.draw(st.integers(0, images - 1)) for _ in range(count)])

    def draw_place() -> Place:
        h, w = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
        y = [data.draw(st.integers(0, height - h)) for _ in range(count)]
        x = [data.draw(st.integers(0, width - w)) for _ in range(count)]
        return Place(image, np.array(y), np.array(x), h, w, CPU)

    source, target = draw_place(), draw_place()
    values = -1 - torch.rand(count, source.height, source.width, 2)
    given_ = complete(clean, Region(values, source), target)
    for i in range(count):
        pasted = clean[image[i]].clone()
        (y, x) = (source.y[i], source.x[i])
        pasted[y : y + source.height, x : x + source.width] = values[i]
        (y, x) = (target.y[i], target.x[i])
        assert torch.equal(given_[i], pasted[y : y + target.height, x : x + target.width])


@PROPERTY
@given(st.data())
def test_classes_are_the_cheapest_partition(data: st.DataObject) -> None:
    count, layers = data.draw(st.integers(1, 10)), data.draw(st.integers(1, 3))
    sizes = np.array([[data.draw(st.integers(1, 9)) for _ in range(layers)] for _ in range(count)])
    windows = np.array([data.draw(st.integers(1, 4)) for _ in range(count)])
    costs = np.array([data.draw(st.floats(0.1, 3.0)) for _ in range(layers)])
    overhead = data.draw(st.floats(0.0, 20.0))

    def work(parts: list[np.ndarray[tuple[int], np.dtype[np.int64]]]) -> float:
        return sum(
            float((sizes[part].max(0) * costs).sum() * windows[part].sum()) + overhead
            for part in parts
        )

    classes = choose_classes(sizes, costs, windows, overhead)
    assert np.array_equal(np.concatenate(classes), np.arange(count))
    every = []
    for cuts in range(2 ** (count - 1)):
        bounds = [0, *(i + 1 for i in range(count - 1) if cuts >> i & 1), count]
        parts = [np.arange(a, b) for a, b in itertools.pairwise(bounds)]
        if len(parts) <= MOST_CLASSES:
            every.append(work(parts))
    assert work(classes) == pytest.approx(min(every))
