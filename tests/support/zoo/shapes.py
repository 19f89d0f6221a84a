"""Networks that read, move, split and join the dimensions of their tensors."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.species import CHANNELS, CLASSES, Make, flat_linear, layer, species

Net = Any


def view(net: Net, y: Tensor) -> Any:
    return net.l(F.max_pool2d(y, 2).view(y.size(0), -1))


def view_of_fixed_length(net: Net, y: Tensor) -> Any:
    y = F.max_pool2d(y, 2)
    return net.l(y.view(-1, y.shape[1] * y.shape[2] * y.shape[3]))


def sizes_read(net: Net, y: Tensor) -> Any:
    return net.k(y.mean((2, 3))).view(y.shape[0], 2, 2).mean(2)


def reshape_by_unpacked_sizes(net: Net, y: Tensor) -> Any:
    b, c, h, w = F.avg_pool2d(y, 2).shape
    return net.l(F.avg_pool2d(y, 2).reshape(b, c * h * w))


def tokens_by_sizes(net: Net, y: Tensor) -> Any:
    b, c, h, w = y.size()
    tokens = y.view(b, c, h * w).permute(0, 2, 1)
    return net.h(tokens.softmax(1).mul(tokens).sum(1))


def batch_and_channels_joined(net: Net, y: Tensor) -> Any:
    b, c, h, w = y.shape
    each = F.avg_pool2d(y.view(b * c, 1, h, w), (h, w))
    return net.h(each.view(b, c))


def read_len(net: Net, y: Tensor) -> Any:
    return net.h(y.flatten(2).mean(-1)).reshape(len(y), -1)


def read_numel(net: Net, y: Tensor) -> Any:
    return net.h(y.sum((2, 3)) / (y.numel() // y.shape[0] / y.shape[1]))


def batch_last(net: Net, y: Tensor) -> Any:
    last = y.permute(1, 2, 3, 0).reshape(-1, y.shape[0])
    return net.h(last.view(y.shape[1], -1, y.shape[0]).mean(1).t())


def sequence_first(net: Net, y: Tensor) -> Any:
    outputs, _ = net.gru(y.mean(2).permute(2, 0, 1))
    return net.h(outputs[-1])


def a_sequence_of_one(net: Net, y: Tensor) -> Any:
    outputs, _ = net.gru(y.mean((2, 3)).unsqueeze(0))
    return net.h(outputs.squeeze(0))


def recurrent_rows(net: Net, y: Tensor) -> Any:
    _, (hidden, _) = net.lstm(y.mean(3).transpose(1, 2))
    return net.h(hidden[-1])


def bilinear(net: Net, y: Tensor) -> Any:
    flat = y.view(y.size(0), y.size(1), -1)
    product = torch.bmm(flat, flat.transpose(1, 2)) / flat.size(2)
    product = product.view(y.size(0), -1)
    return net.b(F.normalize(torch.sign(product) * torch.sqrt(product.abs() + 1e-5)))


def einsum(net: Net, y: Tensor) -> Any:
    return net.h(torch.einsum("nchw,ncij->nc", y, y) / y.shape[-1] ** 2)


def unfold(net: Net, y: Tensor) -> Any:
    patches = F.unfold(y, 4, stride=4)
    return net.p(patches.transpose(1, 2)).amax(1)


def tensor_unfold(net: Net, y: Tensor) -> Any:
    return net.h(y.unfold(2, 4, 4).unfold(3, 4, 4).mean((-1, -2)).amax((2, 3)))


def shuffle(net: Net, y: Tensor) -> Any:
    b, c, h, w = y.shape
    y = y.view(b, 2, c // 2, h, w).transpose(1, 2).contiguous().view(b, c, h, w)
    return net.h(torch.relu(net.k(y)).mean((2, 3)))


def maxout(net: Net, y: Tensor) -> Any:
    b, c, h, w = y.shape
    y = y.view(b, c // 2, 2, h, w).max(2)[0]
    return net.m(y.mean(3).mean(2))


def largest_by_index(net: Net, y: Tensor) -> Any:
    return net.h(y.max(3)[0].max(2).values)


def rolled(net: Net, y: Tensor) -> Any:
    y = y + torch.roll(y, shifts=(2, 3), dims=(2, 3))
    return net.h(torch.relu(net.k(y)).mean((2, 3)))


def flipped(net: Net, y: Tensor) -> Any:
    return net.h((net.k(y) + net.k(y.flip(-1)).flip(-1)).relu().mean((2, 3)))


def squeezed(net: Net, y: Tensor) -> Any:
    return net.h(F.adaptive_avg_pool2d(y, 1).squeeze())


def stacked(net: Net, y: Tensor) -> Any:
    views = torch.stack([y, net.k(y), y * 2], dim=1)
    return net.h(views.amax(1).mean((2, 3)))


def chunks(net: Net, y: Tensor) -> Any:
    parts = [part * (i + 1) for i, part in enumerate(y.chunk(2, 1))]
    return net.h(torch.cat(parts[::-1], 1).mean((2, 3)))


def unbound(net: Net, y: Tensor) -> Any:
    rows: Any = sum(y.unbind(2))
    return net.m(rows.unflatten(1, (2, 2)).mean((2, 3)))


def sliced(net: Net, y: Tensor) -> Any:
    halves = torch.cat([y[:, :, 0::2, 0::2], y[:, :, 1::2, 1::2]], 1)
    return net.p(halves.mean((2, 3)))


def expanded_constant(net: Net, y: Tensor) -> Any:
    ones = torch.ones(y.shape[0], 1, y.shape[2], y.shape[3], dtype=y.dtype, device=y.device)
    return net.q(torch.cat([y, ones], 1).relu().mean((2, 3)))


def coordinates(net: Net, y: Tensor) -> Any:
    b, _, h, w = y.size()
    x = torch.linspace(-1, 1, w, device=y.device).view(1, 1, 1, w).expand(b, 1, h, w)
    return net.q(torch.cat([y, x.to(y.dtype)], 1).relu().mean((2, 3)))


def mesh(net: Net, y: Tensor) -> Any:
    weights = y.flatten(2).softmax(-1).view_as(y)
    x = torch.arange(y.shape[3], device=y.device).to(y.dtype)
    down = torch.arange(y.shape[2], device=y.device).to(y.dtype)
    return net.p(torch.cat([(weights.sum(2) * x).sum(-1), (weights.sum(3) * down).sum(-1)], 1))


SHAPES: dict[str, Make] = {
    "view": species(view, l=flat_linear()),
    "view of fixed length": species(view_of_fixed_length, l=flat_linear()),
    "sizes read": species(sizes_read, k=layer(nn.Linear, CHANNELS, 4)),
    "reshape by unpacked sizes": species(reshape_by_unpacked_sizes, l=flat_linear()),
    "tokens by sizes": species(tokens_by_sizes),
    "batch and channels joined": species(batch_and_channels_joined),
    "len": species(read_len),
    "numel": species(read_numel),
    "batch last": species(batch_last),
    "sequence first": species(sequence_first, gru=layer(nn.GRU, CHANNELS, CHANNELS)),
    "a sequence of one": species(a_sequence_of_one, gru=layer(nn.GRU, CHANNELS, CHANNELS)),
    "recurrent rows": species(
        recurrent_rows, lstm=layer(nn.LSTM, CHANNELS, CHANNELS, batch_first=True)
    ),
    "bilinear": species(bilinear, b=layer(nn.Linear, CHANNELS**2, CLASSES)),
    "einsum": species(einsum),
    "unfold": species(unfold, p=layer(nn.Linear, 16 * CHANNELS, CLASSES)),
    "Tensor.unfold": species(tensor_unfold),
    "shuffle": species(shuffle, k=layer(nn.Conv2d, CHANNELS, CHANNELS, 3, groups=2)),
    "maxout": species(maxout, m=layer(nn.Linear, 2, CLASSES)),
    "largest by index": species(largest_by_index),
    "roll": species(rolled, k=layer(nn.Conv2d, CHANNELS, CHANNELS, 3)),
    "flip": species(flipped, k=layer(nn.Conv2d, CHANNELS, CHANNELS, 3, padding=1)),
    "squeeze without a dimension": species(squeezed),
    "stack": species(stacked, k=layer(nn.Conv2d, CHANNELS, CHANNELS, 1)),
    "chunks in a loop": species(chunks),
    "unbind": species(unbound, m=layer(nn.Linear, 2, CLASSES)),
    "strided slices": species(sliced, p=layer(nn.Linear, 2 * CHANNELS, CLASSES)),
    "expanded constant": species(expanded_constant, q=layer(nn.Linear, CHANNELS + 1, CLASSES)),
    "coordinates": species(coordinates, q=layer(nn.Linear, CHANNELS + 1, CLASSES)),
    "soft argmax": species(mesh, p=layer(nn.Linear, 2 * CHANNELS, CLASSES)),
}
