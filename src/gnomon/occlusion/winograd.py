"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3).

4x4 outputs read 6x6 inputs. In the right bases, of inputs and kernel, they are 36 products a pair
of channels instead of 144 (Lavin and Gray, CVPR 2016). The changes of base cost per channel, not
per pair, so the gain grows with the channels. The result is the convolution's own, up to rounding:
about 1e-5 of the largest value in float32, where the direct way has 1e-6.
"""

from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

TILE, READ, KERNEL = 4, 6, 3
GAIN = TILE**2 * KERNEL**2 / READ**2
BASES = 256
"""The changes of base cost as much as the products of so many channels; measured on a CPU."""
LEAST_GAIN, LEAST_TILES = 1.2, 48
CHUNK_BYTES = 4 << 20


def _both_axes(*rows: tuple[float, ...]) -> Tensor:
    """Apply a base along both axes of a tile at once."""
    base = torch.tensor(rows, dtype=torch.float32)
    return torch.kron(base, base)


# The transforms interpolate at 0, 1, -1, 2, -2 and infinity.
OF_INPUTS = _both_axes(
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
OF_KERNEL = torch.tensor(
    (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
    dtype=torch.float64,
)
TO_OUTPUTS = _both_axes(
    (1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)
)


class WinogradConv2d(nn.Conv2d):
    """Does what a convolution does, by Winograd's way wherever that is faster.

    Shares the convolution's weight and bias, and holds the transformed kernels beside, four times
    as large.
    """

    kernels: Tensor

    def __init__(self, convolution: nn.Conv2d) -> None:
        """Take a convolution's place; see `pays`."""
        around = _padding(convolution.padding)
        super().__init__(
            convolution.in_channels,
            convolution.out_channels,
            KERNEL,
            padding=around,
            bias=convolution.bias is not None,
            device="meta",
        )
        self.weight, self.bias = convolution.weight, convolution.bias
        self.register_buffer("kernels", _transformed(self.weight.detach()), persistent=False)
        self._around = around
        self._gain = _gain(self.in_channels, self.out_channels)
        self.eval()

    def forward(self, input: Tensor) -> Tensor:
        """Convolve (N,C,H,W)."""
        return self.convolve(input, self._around)

    def convolve(self, maps: Tensor, padding: int) -> Tensor:
        """Convolve (N,C,H,W) with another padding; channels-last, as ``maps`` should be."""
        height, width = (size + 2 * padding - KERNEL + 1 for size in maps.shape[2:])
        tiles = -(-height // TILE), -(-width // TILE)
        waste = tiles[0] * tiles[1] * TILE**2 / (height * width)
        enough = len(maps) * tiles[0] * tiles[1] >= LEAST_TILES
        if len(maps) == 1 or not enough or self._gain / waste < LEAST_GAIN:
            return nn.functional.conv2d(maps, self.weight, self.bias, padding=padding)
        a_tile = READ**2 * max(self.in_channels, self.out_channels) * maps.element_size()
        images = max(1, CHUNK_BYTES // (a_tile * tiles[0] * tiles[1]))
        out = maps.new_empty(len(maps), height, width, self.out_channels)
        for first in range(0, len(maps), images):
            rows = slice(first, first + images)
            self._into(out[rows], maps[rows], padding, tiles)
        return out.permute(0, 3, 1, 2)

    def _into(self, out: Tensor, maps: Tensor, padding: int, tiles: tuple[int, int]) -> None:
        (count, channels, height, width), (down, across) = maps.shape, tiles
        padded = maps.new_zeros(count, TILE * down + 2, TILE * across + 2, channels)
        high, wide = (
            min(size, end - padding)
            for size, end in zip((height, width), padded.shape[1:3], strict=True)
        )
        padded[:, padding : padding + high, padding : padding + wide] = maps.permute(0, 2, 3, 1)[
            :, :high, :wide
        ]
        image, row, column, channel = padded.stride()
        read = padded.as_strided(
            (READ, READ, count, down, across, channels),
            (row, column, image, TILE * row, TILE * column, channel),
        )
        inputs = OF_INPUTS @ read.reshape(READ**2, -1)
        products = torch.bmm(inputs.view(READ**2, -1, channels), self.kernels)
        outputs = TO_OUTPUTS @ products.view(READ**2, -1)
        placed = outputs.view(TILE, TILE, count, down, across, self.out_channels)
        whole = placed.permute(2, 3, 0, 4, 1, 5).reshape(
            count, TILE * down, TILE * across, self.out_channels
        )[:, : out.shape[1], : out.shape[2]]
        if self.bias is None:
            out.copy_(whole)
        else:
            torch.add(whole, self.bias, out=out)


def use_winograd(network: nn.Module) -> None:
    """Put a `WinogradConv2d` in the place of each convolution in a network that it pays for."""
    twins: dict[nn.Module, nn.Module] = {}
    for parent in list(network.modules()):
        for name, module in parent._modules.items():
            if module is not None and pays(module):
                twins[module] = twins.get(module) or WinogradConv2d(module)
                parent._modules[name] = twins[module]


def pays(convolution: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Say whether Winograd's way can gain something here: many channels, float32, on a CPU."""
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
        and _gain(*weight.shape[:2]) >= LEAST_GAIN
    )


def _gain(channels: int, others: int) -> float:
    mean = 2 * channels * others / (channels + others)
    return GAIN / (1 + BASES / mean)


def _padding(given: Any) -> int:
    """Read a padding that is equal on all sides; -1 where it is not."""
    if isinstance(given, str):
        return 1 if given == "same" else 0
    return int(given[0]) if given[0] == given[1] else -1


def _transformed(weight: Tensor) -> Tensor:
    """Bring kernels (K,C,3,3) into the base: (36,C,K)."""
    out = weight.new_empty(READ**2, *weight.shape[1::-1])
    for number, kernel in enumerate(weight.double()):
        out[:, :, number] = torch.einsum("ia,cab,jb->ijc", OF_KERNEL, kernel, OF_KERNEL).flatten(
            0, 1
        )
    return out
