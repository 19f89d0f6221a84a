"""Networks made of the blocks that papers propose."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from torchvision.ops import DeformConv2d

from zoo.species import CHANNELS, CLASSES, Make, layer, species

Net = Any


def learnt_query(net: Net, y: Tensor) -> Any:
    return net.h(y.mean((2, 3))) + net.h.weight[:1].expand(y.shape[0], -1).sum(1, keepdim=True)


def class_token(net: Net, y: Tensor) -> Any:
    tokens = F.avg_pool2d(y, 4).flatten(2).transpose(1, 2)
    tokens = torch.cat([net.token.expand(tokens.shape[0], -1, -1), tokens], 1)
    mixed, _ = net.attention(tokens, tokens, tokens, need_weights=False)
    return net.h((tokens + mixed)[:, 0])


def attention_by_hand(net: Net, y: Tensor) -> Any:
    b, c, h, w = y.shape
    q, k, v = net.k(y).view(b, 3, c, h * w).unbind(1)
    weights = (q.transpose(1, 2) @ k / c**0.5).softmax(-1)
    return net.h((v @ weights.transpose(1, 2)).view(b, c, h, w).add(y).mean((2, 3)))


def windowed_attention(net: Net, y: Tensor) -> Any:
    b, c, h, w = y.shape
    y = y.view(b, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
    y = F.scaled_dot_product_attention(y, y, y)
    y = y.view(b, h // 4, w // 4, 4, 4, c).permute(0, 5, 1, 3, 2, 4).reshape(b, c, h, w)
    return net.h(y.mean((2, 3)))


def squeeze_and_excite(net: Net, y: Tensor) -> Any:
    b, c, _, _ = y.size()
    gate = torch.sigmoid(net.k(F.adaptive_avg_pool2d(y, 1).view(b, c))).view(b, c, 1, 1)
    return net.h((y * gate.expand_as(y)).mean((2, 3)))


def spatial_gate(net: Net, y: Tensor) -> Any:
    return net.h((y * torch.sigmoid(net.k(y))).mean((2, 3)))


def cbam(net: Net, y: Tensor) -> Any:
    y = y * torch.sigmoid(F.adaptive_avg_pool2d(y, 1) + F.adaptive_max_pool2d(y, 1))
    both = torch.cat([y.mean(1, keepdim=True), y.max(1, keepdim=True)[0]], 1)
    return net.h((y * torch.sigmoid(net.k(both))).mean((2, 3)))


def netvlad(net: Net, y: Tensor) -> Any:
    n, c = y.shape[:2]
    y = F.normalize(y + 0.1, dim=1)
    soft = F.softmax(net.k(y).view(n, 2, -1), dim=1)
    flat = y.view(n, c, -1)
    residual = flat.expand(2, -1, -1, -1).permute(1, 0, 2, 3) - net.centers.expand(
        flat.size(-1), -1, -1
    ).permute(1, 2, 0).unsqueeze(0)
    vlad = (residual * soft.unsqueeze(2)).sum(-1)
    return net.p(F.normalize(vlad, p=2, dim=2).view(n, -1))


def gem(net: Net, y: Tensor) -> Any:
    size = (y.size(-2), y.size(-1))
    return net.h(
        F.avg_pool2d(y.clamp(min=1e-6).pow(net.power), size).pow(1.0 / net.power)[..., 0, 0]
    )


def attention_pool(net: Net, y: Tensor) -> Any:
    weights = net.k(y).flatten(2).softmax(-1)
    return net.h((y.flatten(2) * weights).sum(-1))


def top_values(net: Net, y: Tensor) -> Any:
    return net.h(y.flatten(2).topk(3, dim=-1)[0].mean(-1))


def interpolated(net: Net, y: Tensor) -> Any:
    small = F.interpolate(y, scale_factor=0.5, mode="bilinear", align_corners=False)
    up = F.interpolate(net.k(small), size=y.shape[2:], mode="nearest")
    return net.h((y + up).relu().mean((2, 3)))


def spatial_transformer(net: Net, y: Tensor) -> Any:
    theta = net.t(y.mean((2, 3))).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(y.size()), align_corners=False)
    return net.h(F.grid_sample(y, grid, align_corners=False).mean((2, 3)))


def fourier(net: Net, y: Tensor) -> Any:
    spectrum = torch.fft.rfft2(y, norm="ortho")
    spectrum = spectrum * torch.view_as_complex(net.filter)
    return net.h(torch.fft.irfft2(spectrum, s=y.shape[-2:], norm="ortho").relu().mean((2, 3)))


def deformable(net: Net, y: Tensor) -> Any:
    return net.h(net.d(y, net.o(y)).relu().mean((2, 3)))


def volume(net: Net, y: Tensor) -> Any:
    return net.h(net.v(y.unsqueeze(1)).squeeze(1).relu().mean((2, 3)))


def lines(net: Net, y: Tensor) -> Any:
    return net.h(net.v(y.flatten(2)).relu().mean(2))


def sub_pixel(net: Net, y: Tensor) -> Any:
    return net.m(F.pixel_shuffle(F.pixel_unshuffle(y, 2), 4).mean((2, 3)).repeat(1, 1))


def pooled_by_powers(net: Net, y: Tensor) -> Any:
    return net.h(F.lp_pool2d(y + 0.1, 2.0, 4).amax((2, 3)))


def pyramid(net: Net, y: Tensor) -> Any:
    parts = [F.adaptive_max_pool2d(y, n).view(y.size(0), -1) for n in (1, 2)]
    return net.p(torch.cat(parts, 1))


def checkpointed(net: Net, y: Tensor) -> Any:
    return net.h(checkpoint(lambda z: net.k(z).relu(), y, use_reentrant=False).mean((2, 3)))


class _Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, *arrived: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        gate = torch.sigmoid(x)
        below: Tensor = arrived[0] * (gate * (1 + x * (1 - gate)))
        return below


def own_activation(net: Net, y: Tensor) -> Any:
    return net.h(_Swish.apply(net.k(y)).mean((2, 3)))


def masked(net: Net, y: Tensor) -> Any:
    y = y.masked_fill(y < 0.1, 0.0)
    return net.h(torch.where(y > 0.5, y, y * 0.5).mean((2, 3)))


def summed_along(net: Net, y: Tensor) -> Any:
    return net.h((y.cumsum(2) / y.shape[2]).mean((2, 3)))


def convolution(*args: Any, **named: Any) -> Any:
    return layer(nn.Conv2d, *args, **named)


def plain(net: Net, y: Tensor) -> Any:
    return net.h(torch.relu(net.k(y)).mean((2, 3)))


def _filter(height: int, width: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(1, 1, height, width // 2 + 1, 2))


C = CHANNELS
BLOCKS: dict[str, Make] = {
    "learnt query": species(learnt_query),
    "class token": species(
        class_token,
        token=lambda h, w: nn.Parameter(torch.randn(1, 1, C)),
        attention=layer(nn.MultiheadAttention, C, 2, batch_first=True),
    ),
    "attention by hand": species(attention_by_hand, k=convolution(C, 3 * C, 1)),
    "windowed attention": species(windowed_attention),
    "squeeze and excite": species(squeeze_and_excite, k=layer(nn.Linear, C, C)),
    "spatial gate": species(spatial_gate, k=convolution(C, 1, 1)),
    "cbam": species(cbam, k=convolution(2, 1, 3, padding=1)),
    "netvlad": species(
        netvlad,
        k=convolution(C, 2, 1),
        centers=lambda h, w: nn.Parameter(torch.rand(2, C)),
        p=layer(nn.Linear, 2 * C, CLASSES),
    ),
    "gem": species(gem, power=lambda h, w: nn.Parameter(torch.tensor([3.0]))),
    "attention pool": species(attention_pool, k=convolution(C, 1, 1)),
    "top values": species(top_values),
    "interpolate": species(interpolated, k=convolution(C, C, 1)),
    "spatial transformer": species(spatial_transformer, t=layer(nn.Linear, C, 6)),
    "fourier": species(fourier, filter=_filter),
    "deformable": species(
        deformable, d=layer(DeformConv2d, C, C, 3, padding=1), o=convolution(C, 18, 3, padding=1)
    ),
    "volume": species(volume, v=layer(nn.Conv3d, 1, 1, 3, padding=1)),
    "lines": species(lines, v=layer(nn.Conv1d, C, C, 5)),
    "sub-pixel": species(sub_pixel, m=layer(nn.Linear, 1, CLASSES)),
    "pooled by powers": species(pooled_by_powers),
    "pyramid": species(pyramid, p=layer(nn.Linear, 5 * C, CLASSES)),
    "checkpointed": species(checkpointed, k=convolution(C, C, 3)),
    "activation of its own": species(own_activation, k=convolution(C, C, 3)),
    "masked": species(masked),
    "summed along": species(summed_along),
    "depthwise": species(plain, k=convolution(C, C, 3, groups=C)),
    "transposed": species(plain, k=layer(nn.ConvTranspose2d, C, C, 3, stride=2)),
    "dilated": species(plain, k=convolution(C, C, 3, dilation=2, stride=(1, 2))),
    "reflected": species(plain, k=convolution(C, C, 3, padding=1, padding_mode="reflect")),
    "circular": species(plain, k=convolution(C, C, 3, padding=1, padding_mode="circular")),
}
