"""What computes a classifier's outputs for many occluded copies of one image."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from gnomon.errors import ClassifierError


class Engine(Protocol):
    """Runs one network on occluded copies of one image.

    An engine is made for one network (evaluation mode, any device) and works in the network's own
    input space: preprocessing has been applied to image and patches alike.
    """

    name: str

    def outputs(
        self,
        image: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs for every occluded copy.

        ``image`` (3,H,W); ``windows`` (N,2) int64, top-left (y,x) of each; ``patches`` (N,3,p,p)
        what fills them. Returns the network's raw outputs (N,K), row i for window i, on the image's
        device. The rows do not depend on the order of the windows. ``progress`` is told, from time
        to time, how many more windows are done.
        """
        ...


@runtime_checkable
class Several(Engine, Protocol):
    """An engine that can also occlude several images of one size together."""

    def outputs(
        self,
        image: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs for every occluded copy, as ``Engine`` says."""
        return self.outputs_of_several(image[None], windows, patches[None], progress)[0]

    def outputs_of_several(
        self,
        images: Tensor,
        windows: Tensor,
        patches: Tensor,
        progress: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Compute the outputs for every occluded copy of each image.

        ``images`` (I,3,H,W); ``windows`` (N,2) as in ``outputs``, the same for all; ``patches``
        (I,N,3,p,p). Returns the raw outputs (I,N,K), equal to those of each image alone up to
        rounding.
        """
        ...


def outputs_of_several(
    engine: Engine,
    images: Tensor,
    windows: Tensor,
    patches: Tensor,
    progress: Callable[[int], None] | None = None,
) -> Tensor:
    """Compute what ``Several`` says with any engine: together, or one image after the other."""
    if isinstance(engine, Several):
        return engine.outputs_of_several(images, windows, patches, progress)
    pairs = zip(images, patches, strict=True)
    return torch.stack([engine.outputs(image, windows, own, progress) for image, own in pairs])


def check_finite(rows: Tensor, what: str = "occluded copies") -> None:
    """Raise ``ClassifierError`` where outputs (N,K) are not finite."""
    finite = torch.isfinite(rows).all(dim=1)
    if not finite.all():
        raise ClassifierError(
            f"the network's outputs are not finite for {int((~finite).sum())} of {len(rows)} "
            f"{what}: check its weights and preprocessing, or use float32"
        )
