"""3x3 convolutions with a fifth of the multiplications: Winograd's F(T x T, 3 x 3).

A tile of TxT outputs reads (T+2)x(T+2) inputs. In the right bases, of inputs and kernel, it is
(T+2)^2 products a pair of channels instead of 9 T^2 (Lavin and Gray, CVPR 2016). The changes of
base cost per channel, not per pair, so the gain grows with the channels. The result is the
convolution's own, up to rounding: about 1e-5 of the largest value in float32, where the direct way
has 1e-6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

import numpy as np
import torch
from numpy.polynomial.polynomial import polyfromroots
from torch import Tensor, nn

KERNEL = 3
MORE = KERNEL - 1
"""A tile has so many more inputs than outputs along an axis."""
TILES = (4, 5, 6)
POINTS = np.array([0, 1, -1, 2, -2, 1 / 2, -1 / 2])
"""A tile of T outputs interpolates at the first T + 1 of these, and at infinity."""
ONE = 1
"""Which point is 1: what its product gains, every output gains."""
BASE, BASE_BESIDE = 40, 8
"""To bring a value into a base or back costs as much as so many products, and as so many more for
each tile beside it, since one matrix does them all; measured on a CPU."""
LEAST_GAIN, LEAST_ROWS, LEAST_CHANNELS = 1.2, 16, 48
MOST_TILES = 20
PIECE_BYTES = 24 << 20
"""What is larger, malloc asks of the system anew each time."""
KEPT_AXES = 256

Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class _Bases:
    """The changes of base along one axis of a tile: y = outputs @ ((kernel @ k) * (inputs @ x)).

    ``inputs`` (R,R), ``kernel`` (R,3) and ``outputs`` (T,R), float64, R = T + 2.
    """

    inputs: Tensor
    kernel: Tensor
    outputs: Tensor


@dataclass(frozen=True, eq=False)
class _Span:
    """Some neighboring tiles along an axis.

    ``inputs`` (Rn,r) brings the r inputs at ``read`` into the bases of the n tiles, ``outputs``
    (w,Rn) the products back, to the w outputs at ``written``.
    """

    read: slice
    written: slice
    inputs: Tensor
    outputs: Tensor


class WinogradConv2d(nn.Conv2d):
    """Does what a convolution does, by Winograd's way wherever that is faster.

    Shares the convolution's weight and bias, and holds beside, for each tile in use, the
    transformed kernels: four to seven times as large.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        """Take a convolution's place; see `pays`."""
        self.around = _padding(convolution.padding)
        super().__init__(
            convolution.in_channels,
            convolution.out_channels,
            KERNEL,
            padding=self.around,
            bias=convolution.bias is not None,
            device="meta",
        )
        self.weight, self.bias = convolution.weight, convolution.bias
        self._kernels: dict[int, Tensor] = {}
        self.eval()

    def forward(self, input: Tensor) -> Tensor:
        """Convolve (N,C,H,W), channels-last."""
        height, width = _out_size(input, self.around)
        tile = best_tile({(height, width): 1})
        if not self._is_faster(len(input), height, width, tile):
            return self._directly(input, self.around)
        out = input.new_empty(len(input), height, width, self.out_channels)
        pieces = -(-max(input.nbytes, out.nbytes) // PIECE_BYTES)
        for given, made in zip(
            torch.tensor_split(input, pieces), torch.tensor_split(out, pieces), strict=True
        ):
            made.copy_(self._tiled(given, self.around, tile).permute(2, 0, 1, 3))
        return out.permute(0, 3, 1, 2)

    def convolve(self, maps: Tensor, padding: int, tile: int) -> Tensor:
        """Convolve (N,C,H,W) with another padding, in tiles of ``tile`` x ``tile`` outputs.

        The result lies in memory as (H,W,N,C) where it was found by Winograd's way.
        """
        height, width = _out_size(maps, padding)
        if not self._is_faster(len(maps), height, width, tile):
            return self._directly(maps, padding)
        return self._tiled(maps, padding, tile).permute(2, 3, 0, 1)

    def _directly(self, maps: Tensor, padding: int) -> Tensor:
        maps = maps.contiguous(memory_format=torch.channels_last)
        return nn.functional.conv2d(maps, self.weight, self.bias, padding=padding)

    def _tiled(self, maps: Tensor, padding: int, tile: int) -> Tensor:
        """Convolve (N,C,H,W) to (H,W,N,C), row of tiles after row."""
        count, _, height, width = maps.shape
        inputs = maps.permute(2, 3, 0, 1).contiguous()
        out = maps.new_empty(*_out_size(maps, padding), count, self.out_channels)
        for down in _spans(height, padding, tile, 1):
            rows = (down.inputs @ inputs[down.read].flatten(1)).view(-1, *inputs.shape[1:])
            for across in _spans(width, padding, tile, MOST_TILES):
                self._tiles(out, rows, down, across)
        return out

    def _tiles(self, out: Tensor, rows: Tensor, down: _Span, across: _Span) -> None:
        """Compute some tiles side by side, for all maps, from their rows in the base."""
        side, channels = len(rows), rows.shape[3]
        tiles = across.inputs @ rows[:, across.read].flatten(2)
        products = torch.bmm(tiles.view(side**2, -1, channels), self._transformed(side - MORE))
        if self.bias is not None:
            products[ONE * side + ONE] += self.bias
        columns = down.outputs @ products.view(side, -1)
        torch.matmul(
            across.outputs,
            columns.view(len(columns), len(across.inputs), -1),
            out=out[down.written, across.written].flatten(2),
        )

    def _is_faster(self, count: int, height: int, width: int, tile: int) -> bool:
        (down, across) = (-(-height // tile), -(-width // tile))
        beside = min(across, MOST_TILES)
        if count == 1 or count * beside < LEAST_ROWS:
            return False
        waste = down * across * tile**2 / (height * width)
        return _gain(self.weight, tile, beside) / waste >= LEAST_GAIN

    def _transformed(self, tile: int) -> Tensor:
        """Bring the kernels (K,C,3,3) into the base of a tile (R,R), as (RR,C,K)."""
        if tile not in self._kernels:
            base = _bases(tile).kernel
            weight = self.weight.detach()
            kernels = weight.new_empty(len(base) ** 2, *weight.shape[1::-1])
            for number, kernel in enumerate(weight.double()):
                transformed = torch.einsum("ia,cab,jb->ijc", base, kernel, base)
                kernels[:, :, number] = transformed.flatten(0, 1)
            self._kernels[tile] = kernels
        return self._kernels[tile]


def use_winograd(network: nn.Module) -> None:
    """Put a `WinogradConv2d` in the place of each convolution in a network that it pays for."""
    twins: dict[nn.Module, nn.Module] = {}
    for parent in list(network.modules()):
        if isinstance(parent, torch.jit.ScriptModule):
            continue
        for name, module in parent._modules.items():
            if module is not None and pays(module):
                twins[module] = twins.get(module) or WinogradConv2d(module)
                parent._modules[name] = twins[module]


def pays(convolution: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Return whether Winograd's way can gain something here: many channels, float32, on a CPU."""
    hooked = convolution._forward_hooks or convolution._forward_pre_hooks
    if type(convolution) is not nn.Conv2d or hooked:
        return False
    weight = convolution.weight
    return (
        weight.dtype == torch.float32
        and weight.device.type == "cpu"
        and convolution.kernel_size == (KERNEL, KERNEL)
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.groups == 1
        and convolution.padding_mode == "zeros"
        and _padding(convolution.padding) >= 0
        and min(weight.shape[:2]) >= LEAST_CHANNELS
        and _gain(weight, max(TILES), 1) >= LEAST_GAIN
    )


def best_tile(sizes: Mapping[Size, int]) -> int:
    """Choose the tile for maps of (height, width), so many of each, that takes the least work."""

    def work(tile: int) -> int:
        tiles = {size: -(-size[0] // tile) * -(-size[1] // tile) for size in sizes}
        return (tile + MORE) ** 2 * sum(tiles[size] * count for size, count in sizes.items())

    return min(TILES, key=work)


def _out_size(maps: Tensor, padding: int) -> Size:
    """Return the height and width that come out."""
    height, width = (size + 2 * padding - MORE for size in maps.shape[2:])
    return height, width


def _gain(weight: Tensor, tile: int, beside: int) -> float:
    """Estimate how many times as fast as the direct way whole tiles are, so many side by side."""
    others, channels = weight.shape[:2]
    base = BASE + BASE_BESIDE * beside
    products = (1 + base / channels + base / others) * (tile + MORE) ** 2
    return tile**2 * KERNEL**2 / products


def _padding(given: Any) -> int:
    """Read a padding that is equal on all sides; -1 where it is not."""
    if isinstance(given, str):
        return 1 if given == "same" else 0
    return int(given[0]) if given[0] == given[1] else -1


@lru_cache
def _bases(tile: int) -> _Bases:
    """Interpolate the product of two polynomials at points and infinity, transposed."""
    points = POINTS[: tile + 1]
    others = [np.delete(points, number) for number in range(len(points))]
    inputs, kernel = np.zeros((tile + MORE, tile + MORE)), np.zeros((tile + MORE, KERNEL))
    outputs = np.zeros((tile, tile + MORE))
    inputs[-1] = polyfromroots(points)
    kernel[-1, -1] = outputs[-1, -1] = 1
    for number, (point, roots) in enumerate(zip(points, others, strict=True)):
        inputs[number, :-1] = polyfromroots(roots)
        kernel[number] = point ** np.arange(KERNEL) / np.prod(point - roots)
        outputs[:, number] = point ** np.arange(tile)
    return _Bases(*map(torch.from_numpy, (inputs, kernel, outputs)))


@lru_cache(KEPT_AXES)
def _spans(size: int, padding: int, tile: int, most: int) -> tuple[_Span, ...]:
    """Cut an axis of ``size`` inputs into spans of at most ``most`` tiles, nearly equal.

    The last tile may reach out; padding and what lies behind the axis have no part in the bases.
    """
    bases, length = _bases(tile), size + 2 * padding - MORE
    tiles = np.arange(-(-length // tile))
    spans = []
    for part in np.array_split(tiles, -(-len(tiles) // most)):
        start, end = int(part[0]) * tile, int(part[-1] + 1) * tile
        inputs = torch.zeros(tile + MORE, len(part), end - start + MORE, dtype=torch.float64)
        outputs = torch.zeros(end - start, tile + MORE, len(part), dtype=torch.float64)
        for number in range(len(part)):
            first = number * tile
            inputs[:, number, first : first + tile + MORE] = bases.inputs
            outputs[first : first + tile, :, number] = bases.outputs
        first, last = max(start - padding, 0), min(end + MORE - padding, size)
        written = slice(start, min(end, length))
        inside = slice(first - start + padding, last - start + padding)
        spans.append(
            _Span(
                slice(first, last),
                written,
                inputs[:, :, inside].flatten(0, 1).float(),
                outputs[: written.stop - start].flatten(1).float(),
            )
        )
    return tuple(spans)
