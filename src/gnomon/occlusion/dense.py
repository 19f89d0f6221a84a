"""The reference engine: every occluded copy goes through the whole network."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from gnomon.arguments import checked
from gnomon.classifier.copying import evaluating_copy
from gnomon.classifier.scorer import Scorer, are_alike, make_scorer, run, type_name
from gnomon.errors import ClassifierError, GnomonError, SettingError
from gnomon.memory import does_not_fit, is_out_of_memory
from gnomon.occlusion.engine import check_finite
from gnomon.occlusion.winograd import WinogradConv2d, use_winograd

# Libraries round differently at different batch shapes, hence lanes of one shape; larger ones are
# hardly faster. The bytes bound 64 channels at full size, in and out of one layer, for one lane.
LANE = {"cpu": 8, "cuda": 64}
LANE_BYTES = {"cpu": 1 << 30, "cuda": 4 << 30}


class DenseEngine:
    """Runs the network once for each window, in lanes of one fixed number of images.

    The network is not touched: the engine keeps copies in evaluation mode that share its weights,
    and the convolutions' once more, channels-last. A pass over two images of each new size finds
    whether the network bears maps whose channels are innermost, and whether it computes an image in
    a batch as alone; if not, it runs as it was written, or image by image. Make a new engine when
    the weights have changed. A row of ``outputs`` has the same bits whatever the batch size, the
    order of the windows and the process; device, image size and number of threads may change the
    last.

    ``batch_size`` is how many windows are prepared at a time, rounded up to whole lanes; one lane
    unless given. When memory runs out, it is halved and the work goes on; a lane that had to be
    halved rounds differently, too.
    """

    name = "dense"

    @checked
    def __init__(self, network: nn.Module, *, batch_size: int | None = None) -> None:
        if batch_size is not None and batch_size < 1:
            raise SettingError(f"batch_size is {batch_size}; it must be 1 or more")
        self._name = type_name(network)
        self._network = evaluating_copy(network)
        self._laid_out = channels_last_copy(network)
        self._ways: dict[object, _Way] = {}
        self._batch_size = batch_size or 1

    def __repr__(self) -> str:
        return f"<DenseEngine of {self._name}>"

    @torch.no_grad()
    def outputs(
        self,
        image: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs for every occluded copy, as ``Engine`` says.

        Raises ``ClassifierError`` where the network fails or gives no finite outputs (N,K), and
        ``GnomonError`` where memory does not suffice for one image at a time.
        """
        windows = windows.to(image.device)
        way = self._way(image)
        order = torch.argsort(windows[:, 0] * image.shape[2] + windows[:, 1], stable=True)
        lane = lane_size(image)
        batch = lane * -(-self._batch_size // lane)
        done: list[Tensor] = []
        rest = order
        while len(rest):
            now = rest[:batch]
            try:
                done.append(self._run(way, image, windows[now], patches[now], lane))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if batch == 1:
                    raise does_not_fit(image) from error
                batch = batch // 2 // lane * lane if batch > lane else batch // 2
                lane = min(lane, batch)
                continue
            except _LayoutError:
                way = self._ways[_layout(image)] = replace(way, laid_out=None)
                continue
            rest = rest[len(now) :]
            if progress:
                progress(len(now))
        rows = torch.cat(done)
        check_finite(rows)
        return torch.empty_like(rows).index_copy_(0, order, rows)

    def _way(self, image: Tensor) -> "_Way":
        """Find how to run the network on images of this size, the same for each such image."""
        if (layout := _layout(image)) not in self._ways:
            try:
                self._ways[layout] = self._tried(image)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                return _Way(self._network, self._laid_out)
        return self._ways[layout]

    def _tried(self, image: Tensor) -> "_Way":
        random = torch.Generator().manual_seed(0)
        pair = torch.randn(2, *image.shape, generator=random).to(image)
        pair[1] /= 4
        scorer, expected = make_scorer(self._network, pair, self._name)
        laid_out = self._laid_out
        if scorer is not self._network:
            assert isinstance(scorer, Scorer)
            laid_out = Scorer(laid_out, scorer.key, scorer.batch, scorer.because)
        bears = image.device.type in LANE
        if bears:
            try:
                given = laid_out(pair.contiguous(memory_format=torch.channels_last))
                bears = are_alike(given, expected)
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                bears = False
        return _Way(scorer, laid_out if bears else None)

    def _run(
        self, way: "_Way", image: Tensor, windows: Tensor, patches: Tensor, lane: int
    ) -> Tensor:
        n, _, p, _ = patches.shape
        copies = torch.empty(
            (lane * -(-n // lane), *image.shape),
            dtype=image.dtype,
            device=image.device,
            memory_format=torch.channels_last if way.laid_out else torch.contiguous_format,
        )
        copies[:] = image
        steps = torch.arange(p, device=image.device)
        y = windows[:, 0].view(-1, 1, 1) + steps.view(1, -1, 1)
        x = windows[:, 1].view(-1, 1, 1) + steps.view(1, 1, -1)
        row = torch.arange(n, device=image.device).view(-1, 1, 1)
        copies[row, :, y, x] = patches.permute(0, 2, 3, 1)
        lanes = torch.split(copies, lane)
        return torch.cat([_checked(self._scores(way, part), lane) for part in lanes])[:n]

    def _scores(self, way: "_Way", images: Tensor) -> object:
        if way.laid_out is None:
            return run(way.scorer, images, self._name)
        try:
            return way.laid_out(images)
        except GnomonError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise _LayoutError from error


@dataclass(frozen=True)
class _Way:
    """How a network is asked: as it was written, or ``laid_out`` for channels innermost."""

    scorer: nn.Module
    laid_out: nn.Module | None


class _LayoutError(Exception):
    """The network fails where channels are innermost, and perhaps as it was written, too."""


def _layout(image: Tensor) -> object:
    return image.shape, image.dtype, image.device


def lane_size(image: Tensor) -> int:
    """How many copies of ``image`` (3,H,W) go through a network at once, from its size alone."""
    device = image.device.type if image.device.type in LANE else "cpu"
    layer = 2 * 64 * image.shape[1] * image.shape[2] * image.element_size()
    return max(1, min(LANE[device], LANE_BYTES[device] // layer))


def channels_last_copy(network: nn.Module) -> nn.Module:
    """Copy a network's structure, in evaluation mode, its convolutions laid out channels-last.

    Convolutions of many channels go Winograd's way. All other tensors are shared with ``network``,
    which stays as it is.
    """
    twin = evaluating_copy(network)
    use_winograd(twin)
    converted: dict[int, nn.Parameter] = {}
    for module in twin.modules():
        if isinstance(module, torch.jit.ScriptModule):
            continue
        weight = module._parameters.get("weight")
        laid_out = isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
        if not laid_out or isinstance(module, WinogradConv2d) or weight is None:
            continue
        if weight.device.type in LANE and id(weight) not in converted:
            last = weight.detach().contiguous(memory_format=torch.channels_last)
            converted[id(weight)] = nn.Parameter(last, requires_grad=False)
        module.weight = converted.get(id(weight), weight)
    return twin


def _checked(outputs: object, rows: int) -> Tensor:
    if isinstance(outputs, Tensor) and outputs.ndim == 2 and len(outputs) == rows:
        return outputs
    given = f"{tuple(outputs.shape)}" if isinstance(outputs, Tensor) else type(outputs).__name__
    raise ClassifierError(
        f"the network gave {given} for {rows} images; it must give one tensor ({rows}, classes): "
        "wrap it in a module that returns its class scores"
    )
