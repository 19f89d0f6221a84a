"""A classifier's own feature maps, and their values between the cells."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from gnomon.classifier import Classifier
from gnomon.classifier.copying import structural_copy
from gnomon.errors import ClassifierError
from gnomon.types import Floats

DEPTHS = (0.7, 0.93)
"""Where the default layers lie: a part's look, and the context that tells it from its like."""


class FeatureMaps:
    """Computes the outputs of some of a classifier's layers, on a copy of its modules.

    ``layers`` names modules; without, two are chosen at ``DEPTHS`` of the network's blocks.
    ``ClassifierError`` where a layer is unknown or the network has no maps (a plain transformer).
    """

    def __init__(self, classifier: Classifier, layers: Sequence[str] = ()) -> None:
        self._classifier = classifier
        self._network = structural_copy(classifier.network)
        self._caught: dict[str, Tensor] = {}
        self.layers = tuple(layers) or _default_layers(classifier, self._network)
        modules = dict(self._network.named_modules())
        for name in self.layers:
            if name not in modules:
                raise ClassifierError(f"{classifier.name} has no layer {name!r}")
            modules[name].register_forward_hook(self._catch(name))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images that the maps are computed for."""
        return self._classifier.preprocessing.size

    @torch.no_grad()
    def __call__(self, pixels: Tensor) -> list[Tensor]:
        """Compute the maps (C,h,w) of RGB pixels (3,H,W) in [0,1], one for each layer."""
        batch = pixels[None].to(
            self._classifier.device, self._classifier.dtype, memory_format=torch.channels_last
        )
        self._network(self._classifier.preprocessing.normalize(batch))
        maps = [self._caught.pop(name)[0] for name in self.layers]
        if any(one.ndim != 3 for one in maps):
            raise ClassifierError(f"the layers {', '.join(self.layers)} do not all give maps")
        return maps

    def _catch(self, name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(module: nn.Module, given: object, output: Tensor) -> None:
            self._caught[name] = output

        return hook


def sample(maps: Sequence[Tensor], xy: Floats, size: tuple[int, int]) -> list[Tensor]:
    """Read maps (C,h,w) at points (N,2), pixels of an image of ``size``: (N,C) each, bilinear."""
    height, width = size
    read = []
    for one in maps:
        unit = (2 * torch.as_tensor(xy) + 1) / torch.tensor([width, height]) - 1
        grid = unit.to(one.device, one.dtype)[None, None]
        values = grid_sample(one[None], grid, padding_mode="border", align_corners=False)
        read.append(values[0, :, 0].T)
    return read


def _default_layers(classifier: Classifier, network: nn.Module) -> tuple[str, ...]:
    """Choose among the blocks, the head left out, those at ``DEPTHS``."""
    blocks = _blocks(classifier, network)
    if not blocks:
        raise ClassifierError(
            f"{classifier.name} has no feature maps (N,C,h,w) to describe points by;"
            " parts need a convolutional network"
        )
    return tuple(dict.fromkeys(blocks[math.ceil(depth * len(blocks)) - 1] for depth in DEPTHS))


def _blocks(classifier: Classifier, network: nn.Module) -> list[str]:
    """Name, in the order of computing, the outermost modules that convolve and give one map."""
    names = {module: name for name, module in network.named_modules()}
    shapes: dict[str, tuple[int, ...]] = {}

    def note(module: nn.Module, given: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1:
            shapes[names[module]] = tuple(output.shape)

    hooks = [module.register_forward_hook(note) for module in network.modules()]
    pixels = torch.full((1, 3, *classifier.preprocessing.size), 0.5)
    try:
        with torch.no_grad():
            batch = pixels.to(classifier.device, classifier.dtype)
            network(classifier.preprocessing.normalize(batch))
    finally:
        for hook in hooks:
            hook.remove()
    outermost = [name for name in _outermost(network, "", shapes) if name in shapes]
    outermost.sort(key=list(shapes).index)
    last = dict(network.named_modules())[outermost[-1]] if outermost else None
    return outermost[:-1] if isinstance(last, nn.Conv2d) and len(outermost) > 1 else outermost


def _outermost(module: nn.Module, name: str, shapes: dict[str, tuple[int, ...]]) -> list[str]:
    found: list[str] = []
    for child_name, child in module.named_children():
        full = f"{name}.{child_name}" if name else child_name
        convolves = any(isinstance(part, nn.Conv2d) for part in child.modules())
        if not convolves:
            continue
        chain = isinstance(child, nn.Sequential | nn.ModuleList)
        if full in shapes and not chain:
            found.append(full)
        else:
            found += _outermost(child, full, shapes)
    return found
