from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gnomon.occlusion import winograd
from gnomon.occlusion.winograd import TILES, WinogradConv2d, best_tile, pays, use_winograd


def maps(count: int, channels: int, height: int, width: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(count, channels, height, width, generator=draw)
    return values.contiguous(memory_format=torch.channels_last)


def convolution(channels: int, out: int, **settings: Any) -> nn.Conv2d:
    torch.manual_seed(1)
    return nn.Conv2d(channels, out, 3, **settings).eval().requires_grad_(False)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 5),
    st.integers(3, 30),
    st.integers(3, 30),
    st.sampled_from([0, 1, 2, "same", "valid"]),
    st.booleans(),
)
def test_it_is_the_convolution(
    count: int, height: int, width: int, padding: int | str, bias: bool
) -> None:
    plain = convolution(256, 320, padding=padding, bias=bias)
    given_maps = maps(count, 256, height, width)
    found = WinogradConv2d(plain)(given_maps)
    expected = plain.double()(given_maps.double())
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= 3e-5 * expected.abs().max()


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(TILES), st.integers(2, 9), st.integers(3, 20), st.integers(3, 20), st.booleans()
)
def test_every_tile_gives_the_convolution_and_windows_lie_inside(
    tile: int, count: int, height: int, width: int, bias: bool
) -> None:
    plain = convolution(256, 320, padding=1, bias=bias)
    given_maps = maps(count, 256, height, width)
    found = WinogradConv2d(plain).convolve(given_maps, 0, tile)
    expected = plain.double()(given_maps.double())[:, :, 1:-1, 1:-1]
    assert (found - expected).abs().max() <= 3e-5 * expected.abs().max()
    assert found.stride(1) == 1


def test_the_result_lies_as_rows_of_windows() -> None:
    fast = WinogradConv2d(convolution(256, 320))
    found = fast.convolve(maps(8, 256, 14, 12), 0, 6)
    assert found.shape == (8, 320, 12, 10)
    assert found.permute(2, 3, 0, 1).is_contiguous()


def test_large_batches_go_by_pieces_of_whole_images(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = WinogradConv2d(convolution(256, 256, padding=1))
    many = maps(40, 256, 16, 16)
    together = fast(many)
    assert together.is_contiguous(memory_format=torch.channels_last)
    monkeypatch.setattr(winograd, "PIECE_BYTES", 7 * many[0].nbytes)
    torch.testing.assert_close(fast(many), together, rtol=0, atol=1e-5)


def test_wide_maps_go_by_spans_of_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = convolution(256, 256, padding=1)
    wide = maps(4, 256, 9, 47)
    monkeypatch.setattr(winograd, "MOST_TILES", 3)
    found = WinogradConv2d(plain).convolve(wide, 1, 5)
    expected = plain.double()(wide.double())
    assert (found - expected).abs().max() <= 3e-5 * expected.abs().max()


def test_a_padding_is_by_choice() -> None:
    fast = WinogradConv2d(convolution(256, 256, padding=1))
    given_maps = maps(12, 256, 10, 10)
    inner = fast.convolve(given_maps, 0, 4)
    torch.testing.assert_close(inner, fast(given_maps)[:, :, 1:-1, 1:-1], rtol=0, atol=1e-4)


def test_the_tile_is_the_one_that_wastes_least() -> None:
    # Products an axis: 18, 14, 16 for 10; 18, 21, 16 for 12; 24, 21, 24 for 14; 12, 14, 16 for 7.
    assert [best_tile({(size, size): 1}) for size in (7, 10, 12, 14)] == [4, 5, 6, 5]
    assert best_tile({(12, 12): 1, (10, 10): 9}) == 5


def test_weights_are_shared_and_the_network_stays() -> None:
    plain = convolution(256, 256)
    network = nn.Sequential(plain, nn.ReLU(), plain, nn.Conv2d(256, 8, 3))
    use_winograd(network)
    assert isinstance(network[0], WinogradConv2d)
    assert network[0] is network[2]
    assert type(network[3]) is nn.Conv2d
    assert network[0].weight is plain.weight
    assert network[0].bias is plain.bias
    assert list(network[0].state_dict()) == ["weight", "bias"]
    assert not hasattr(plain, "kernels")


@pytest.mark.parametrize(
    "other",
    [
        convolution(16, 16),
        convolution(256, 256, stride=2),
        convolution(256, 256, dilation=2),
        convolution(256, 256, groups=2),
        convolution(256, 256, padding=(0, 1)),
        convolution(256, 256, padding=1, padding_mode="reflect"),
        convolution(256, 256).double(),
        nn.Conv2d(256, 256, 5),
        nn.Linear(256, 256),
    ],
    ids=str,
)
def test_what_it_does_not_pay_for_stays(other: nn.Module) -> None:
    assert not pays(other)


def test_a_hooked_convolution_stays() -> None:
    plain = convolution(256, 256)
    assert pays(plain)
    plain.register_forward_hook(lambda module, given, output: None)
    assert not pays(plain)
