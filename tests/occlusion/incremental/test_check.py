"""A plan is compared with whole passes, and what breaks in a rule ends no run."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from single_passes import one_by_one
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.occlusion.incremental import IncrementalEngine, outcome
from gnomon.occlusion.incremental.regions import Place, Region, Span
from gnomon.occlusion.incremental.rules import FINDERS, local
from gnomon.occlusion.incremental.rules.local import Local
from gnomon.occlusion.incremental.rules.rule import Call, Match
from gnomon.occlusion.incremental.rules.sliding import Sliding
from gnomon.occlusion.windows import window_grid


class Network(nn.Module):
    """Two convolutions with a ReLU6 between them, which counts the images that it sees."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.act, self.head = nn.ReLU6(), nn.Linear(4, 5)
        self.before = Seen()

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        scores: Tensor = self.head(self.second(self.act(self.first(x))).relu().mean((2, 3)))
        return scores


class Seen(nn.Module):
    """Lets images through, and counts them where all copies of a network do."""

    count = 0

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(x, Tensor):
            Seen.count += len(x)
        return x


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of outcomes of a fresh cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    Seen.count = 0
    outcome._of_the_engine.cache_clear()
    return tmp_path / "gnomon" / "plans"


def scene() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    windows = window_grid(32, 40, 6, 4)
    image = torch.randn(3, 32, 40, generator=generator)
    return image, windows, torch.randn(len(windows), 3, 6, 6, generator=generator)


def check(engine: IncrementalEngine, network: nn.Module) -> None:
    given, expected = engine.outputs(*scene()), one_by_one(network, *scene())
    assert (given - expected).abs().max() <= 1e-5 * expected.abs().max()


def paths(engine: IncrementalEngine) -> dict[str, str]:
    image, windows, _ = scene()
    return {node.name: node.path for node in engine.plan(image, windows, 6).nodes}


def test_a_right_plan_costs_four_passes_the_first_time_and_none_the_next(cache: Path) -> None:
    network = Network().eval()
    image, windows, patches = scene()
    engine = IncrementalEngine(network)
    engine.outputs(image, windows, patches)
    # The network's own: the clean image and three windows. The graph has no module that counts.
    assert Seen.count == 4
    assert len(list(cache.iterdir())) == 1
    Seen.count = 0
    engine.outputs(image.flip(2), windows, patches)
    again = IncrementalEngine(network)
    check(again, network)
    assert Seen.count == len(windows)  # those of the expected values
    assert paths(again)["first"] == "incremental"


def test_other_weights_another_size_and_another_engine_are_checked_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, windows, patches = scene()
    IncrementalEngine(Network().eval()).outputs(image, windows, patches)
    IncrementalEngine(Network(seed=1).eval()).outputs(image, windows, patches)
    assert len(list(cache.iterdir())) == 2
    IncrementalEngine(Network().eval()).outputs(image[:, :30], windows[:5], patches[:5])
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr(outcome, "_of_the_engine", lambda: "a later version")
    IncrementalEngine(Network().eval()).outputs(image, windows, patches)
    assert len(list(cache.iterdir())) == 4


@pytest.mark.parametrize("text", ["", "{", "[]", '{"because": 3}', '{"other": ""}'])
def test_a_damaged_outcome_is_none(text: str, cache: Path) -> None:
    network = Network().eval()
    IncrementalEngine(network).outputs(*scene())
    (file,) = cache.iterdir()
    file.write_text(text)
    Seen.count = 0
    IncrementalEngine(network).outputs(*scene())
    assert Seen.count >= 3


def test_where_nothing_can_be_kept_every_plan_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    check(IncrementalEngine(Network().eval()), Network().eval())


def wrong_values(call: Call, module: nn.Module, input: Any) -> Match:
    return local.local(call, lambda x: F.relu6(x) * 1.1, (input,), {}, input.axes)


class TooSmall(Local):
    """Forgets the last row and column of what changes."""

    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Spread too little."""
        (span,) = spans
        return replace(span, hi=span.hi - 1)

    def carry(self, kept: Any, regions: Sequence[Region], place: Place) -> Tensor:
        """Cut off."""
        values = super().carry(kept, regions, regions[0].place)
        return values[:, : place.height, : place.width].contiguous()


def too_small(call: Call, module: nn.Module, input: Any) -> Match:
    return Match(TooSmall(lambda x: F.relu6(x[0]), (input.axes,), input.axes), input.axes)


@pytest.mark.parametrize("finder", [wrong_values, too_small])
def test_a_wrong_rule_is_found_out_and_its_node_is_named(
    finder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FINDERS, nn.ReLU6, finder)
    network = Network().eval()
    engine = IncrementalEngine(network)
    with pytest.warns(UserWarning, match=r"Network runs densely.* goes wrong at the node act "):
        check(engine, network)
    Seen.count = 0
    again = IncrementalEngine(network)
    image, windows, _ = scene()
    with pytest.warns(UserWarning, match=r"Network runs densely.* goes wrong at the node act "):
        planned = again.plan(image, windows, 6)
    assert "act" in planned.dense_because
    assert Seen.count == 0


def test_a_plan_alone_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FINDERS, nn.ReLU6, wrong_values)
    image, windows, _ = scene()
    with pytest.warns(UserWarning, match="goes wrong"):
        planned = IncrementalEngine(Network().eval()).plan(image, windows, 6)
    assert planned.nodes == ()


class Broken(Local):
    """Breaks where it is told to."""

    where = ""

    def _break(self, here: str) -> None:
        if here == self.where:
            raise IndexError(f"broken in {here}")

    def spread(self, axis: int, spans: Sequence[Span]) -> Span:
        """Break, or not."""
        self._break("spread")
        return super().spread(axis, spans)

    def fitted(self, sizes: Any) -> Any:
        """Break, or not."""
        self._break("fitted")
        return self

    def keep(self, inputs: Any, output: Tensor) -> Any:
        """Break, or not."""
        self._break("keep")
        return inputs

    def carry(self, kept: Any, regions: Sequence[Region], place: Place) -> Tensor:
        """Break, or not."""
        self._break("carry")
        return super().carry(kept, regions, place)


def broken(call: Call, module: nn.Module, input: Any) -> Match:
    if Broken.where == "finder":
        raise TypeError("broken in finder")
    return Match(Broken(lambda x: F.relu6(x[0]), (input.axes,), input.axes), input.axes)


@pytest.mark.parametrize("where", ["finder", "spread", "fitted", "carry"])
def test_what_breaks_in_a_rule_makes_its_node_dense_and_is_logged_once(
    where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(FINDERS, nn.ReLU6, broken)
    monkeypatch.setattr(Broken, "where", where)
    network = Network().eval()
    engine = IncrementalEngine(network)
    with caplog.at_level(logging.WARNING, "gnomon"):
        check(engine, network)
        check(engine, network)
        found = paths(engine)
    name = "test_check.broken" if where == "finder" else "test_check.Broken"
    (record,) = caplog.records
    assert name in record.getMessage()
    assert f"broken in {where}" in record.getMessage()
    image, windows, _ = scene()
    because = {node.name: node.because for node in engine.plan(image, windows, 6).nodes}
    assert f"broken in {where}" in because["act"]
    assert (found["first"], found["act"], found["second"]) == ("incremental", "dense", "dense")


def test_what_breaks_late_is_mended_on_the_way(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The check passes, and the rule breaks for other windows."""
    network = Network().eval()
    engine = IncrementalEngine(network)
    check(engine, network)
    carry = Sliding.carry

    def breaking(self: Sliding, kept: Any, regions: Sequence[Region], place: Place) -> Tensor:
        if len(place.y) > 2:
            raise ValueError("too many")
        return carry(self, kept, regions, place)

    monkeypatch.setattr(Sliding, "carry", breaking)
    with caplog.at_level(logging.WARNING, "gnomon"):
        check(engine, network)
    said = [record.getMessage() for record in caplog.records]
    assert said
    assert all("sliding.Sliding failed (ValueError: too many)" in one for one in said)


def test_a_network_that_mixes_the_windows_of_a_batch_is_found_out() -> None:
    class Mixing(Network):
        """Normalizes by the values of the whole batch, as no module of it says."""

        def forward(self, x: Tensor) -> Tensor:
            return super().forward(F.batch_norm(x, None, None, training=True))

    network = Mixing().eval()
    engine = IncrementalEngine(network)
    with pytest.warns(UserWarning, match="goes wrong at the node batch_norm"):
        check(engine, network)


def test_a_network_that_cannot_be_batched_as_a_graph_runs_densely() -> None:
    class Fixed(Network):
        """Has one image's size in its code where the graph is traced."""

        def forward(self, x: Tensor) -> Tensor:
            x = super().forward(x)
            return x.view(1, 5) if not isinstance(x, Tensor) else x

    network = Fixed().eval()
    engine = IncrementalEngine(network)
    with pytest.warns(UserWarning, match=r"Fixed runs densely.*(several windows|compute)"):
        check(engine, network)
