"""What computes a classifier's outputs for many occluded copies of one image."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor


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
