from collections.abc import Callable

import pytest
import torch
from single_passes import one_by_one
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2, resnet18, squeezenet1_1

from gnomon.errors import ClassifierError, GnomonError, SettingError
from gnomon.occlusion import DenseEngine
from gnomon.occlusion.dense import LANE_BYTES, channels_last_copy, lane_size
from gnomon.occlusion.windows import window_grid

PATCH = 16


def network(make: Callable[..., nn.Module] = resnet18) -> nn.Module:
    torch.manual_seed(0)
    return make(num_classes=7).eval()


def scene(height: int = 48, width: int = 64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    windows = window_grid(height, width, PATCH, 16)
    image = torch.randn(3, height, width, generator=generator)
    return image, windows, torch.randn(len(windows), 3, PATCH, PATCH, generator=generator)


class Small(nn.Module):
    """Functional pooling and ReLU, a transposed convolution, a tied one, dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 8, 2)
        self.one = nn.Conv2d(8, 8, 3, padding=1)
        self.same = nn.Conv2d(8, 8, 3, padding=1)
        self.same.weight = self.one.weight
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 5)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.same(F.relu(self.one(F.relu(self.up(F.relu(self.first(x))))))))
        out: Tensor = self.head(self.dropout(F.adaptive_avg_pool2d(x, 1).flatten(1)))
        return out


@pytest.mark.parametrize("make", [resnet18, mobilenet_v2, squeezenet1_1])
def test_outputs_are_those_of_the_network_one_image_at_a_time(
    make: Callable[..., nn.Module],
) -> None:
    net, (image, windows, patches) = network(make), scene()
    outputs = DenseEngine(net).outputs(image, windows, patches)
    expected = one_by_one(net, image, windows, patches)
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-5)
    assert not outputs.requires_grad


@pytest.mark.parametrize("make", [resnet18, Small])
def test_float64_agrees_to_the_last_digits(make: Callable[..., nn.Module]) -> None:
    torch.manual_seed(0)
    net, (image, windows, patches) = make().eval().double(), scene()
    outputs = DenseEngine(net).outputs(image.double(), windows, patches.double())
    expected = one_by_one(net, image.double(), windows, patches.double())
    torch.testing.assert_close(outputs, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", [resnet18, mobilenet_v2, squeezenet1_1])
def test_bits_do_not_depend_on_batch_or_order_or_company(make: Callable[..., nn.Module]) -> None:
    net, (image, windows, patches) = network(make), scene()
    outputs = DenseEngine(net).outputs(image, windows, patches)
    for batch_size in (1, 13, 64):
        again = DenseEngine(net, batch_size=batch_size).outputs(image, windows, patches)
        assert torch.equal(again, outputs), batch_size
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(2))
    shuffled = DenseEngine(net).outputs(image, windows[order], patches[order])
    assert torch.equal(shuffled, outputs[order])
    alone = DenseEngine(net).outputs(image, windows[5:6], patches[5:6])
    assert torch.equal(alone, outputs[5:6])


def test_the_users_network_is_not_touched() -> None:
    net, (image, windows, patches) = Small().train(), scene()
    net.one.eval()
    net.first.requires_grad_(False)
    net.first.register_forward_hook(lambda *_: None)
    net.head.weight.grad = torch.ones_like(net.head.weight)

    def state() -> list[object]:
        tensors = [*net.named_parameters(), *net.named_buffers()]
        return [
            [(name, id(t), t.data_ptr(), t._version, t.stride()) for name, t in tensors],
            [(name, t.requires_grad, id(t.grad)) for name, t in net.named_parameters()],
            [(name, id(m), m.training, len(m._forward_hooks)) for name, m in net.named_modules()],
        ]

    before, values = state(), {name: t.clone() for name, t in net.state_dict().items()}
    engine = DenseEngine(net)
    engine.outputs(image, windows, patches)
    with pytest.raises(IndexError):
        engine.outputs(image, windows + 1000, patches)
    assert state() == before
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, values[name]), name


def test_the_copy_shares_all_but_the_convolutions_weights() -> None:
    net = Small().train()
    twin = channels_last_copy(net)
    assert isinstance(twin, Small)
    assert not twin.training
    assert twin.head.weight.data_ptr() == net.head.weight.data_ptr()
    assert twin.first.bias is not None
    assert net.first.bias is not None
    assert twin.first.bias.data_ptr() == net.first.bias.data_ptr()
    assert twin.one.weight is twin.same.weight
    for copied, given in ((twin.first, net.first), (twin.up, net.up), (twin.one, net.one)):
        assert copied.weight.is_contiguous(memory_format=torch.channels_last)
        assert given.weight.is_contiguous()
        assert torch.equal(copied.weight, given.weight)


class Hungry(nn.Module):
    """Fails for more images than ``room``, as an allocator does."""

    def __init__(self, room: int, error: Exception) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.room, self.error, self.seen = room, error, list[int]()

    def __deepcopy__(self, memo: object) -> "Hungry":
        return self

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.room:
            raise self.error
        self.seen.append(len(x))
        return self.scale * x.mean(dim=(2, 3))


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:116] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("[enforce fail] . DefaultCPUAllocator: not enough memory: you tried to allocate"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=range(len(OUT_OF_MEMORY)))
@pytest.mark.parametrize("batch_size", [None, 20])
@pytest.mark.parametrize("room", [1, 3, 5])
def test_out_of_memory_halves_the_batch_and_carries_on(
    room: int, batch_size: int | None, error: Exception
) -> None:
    net, (image, windows, patches) = Hungry(room, error), scene()
    told: list[int] = []
    engine = DenseEngine(net, batch_size=batch_size)
    outputs = engine.outputs(image, windows, patches, told.append)
    torch.testing.assert_close(outputs, one_by_one(Hungry(99, error), image, windows, patches))
    # Before, images alone and in pairs tell how the network bears them.
    assert set(net.seen) - {1, 2} == {{1: 1, 3: 2, 5: 4}[room]} - {1, 2}
    assert sum(told) == len(windows)


def test_memory_for_not_even_one_image_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(GnomonError, match=r"64x48 .* smaller model size"):
        DenseEngine(Hungry(0, OUT_OF_MEMORY[0])).outputs(*scene())


def test_an_error_of_another_kind_is_not_taken_for_lack_of_memory() -> None:
    net = Hungry(0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(ClassifierError, match="mat1"):
        DenseEngine(net).outputs(*scene())
    assert net.seen == []


class Gives(nn.Module):
    def __init__(self, give: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.give = give

    def forward(self, x: Tensor) -> object:
        return self.give(x)


@pytest.mark.parametrize(
    ("give", "says"),
    [
        (lambda x: x, "(8, 3, 48, 64)"),
        (lambda x: x.sum(dim=(2, 3))[:1], "(1, 3)"),
        (lambda x: {"logits": x}, "dict"),
    ],
)
def test_outputs_that_are_no_class_scores_are_refused(
    give: Callable[[Tensor], object], says: str
) -> None:
    with pytest.raises(ClassifierError) as caught:
        DenseEngine(Gives(give)).outputs(*scene())
    assert says in str(caught.value)


def test_outputs_that_are_not_finite_are_refused_and_counted() -> None:
    image, windows, patches = scene()
    patches[2], patches[4] = torch.nan, torch.inf
    with pytest.raises(ClassifierError, match=rf"not finite for 2 of {len(windows)}"):
        DenseEngine(network()).outputs(image, windows, patches)


def test_a_batch_size_below_one_is_refused() -> None:
    with pytest.raises(SettingError, match="batch_size is 0"):
        DenseEngine(network(), batch_size=0)


def test_a_lane_of_large_images_stays_within_its_bytes() -> None:
    assert lane_size(torch.empty(3, 224, 224)) == 8
    assert lane_size(torch.empty(3, 448, 448)) == 8
    assert lane_size(torch.empty(3, 9000, 9000)) == 1
    lane = lane_size(torch.empty(3, 700, 900))
    assert lane * 700 * 900 * 64 * 2 * 4 <= LANE_BYTES["cpu"] < (lane + 1) * 700 * 900 * 64 * 2 * 4
