"""What a network's outputs are, and the class scores that everything else works with."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from gnomon.presets import Outputs


class Scores(nn.Module):
    """A network that gives probabilities or a single output, followed by what makes them logits.

    A class of probability p gets log p, or log p - log(1 - p) where each class stands by itself.
    """

    def __init__(self, network: nn.Module, outputs: Outputs) -> None:
        super().__init__()
        self.network = network
        self.outputs = outputs

    def forward(self, pixels: Tensor) -> Tensor:
        """Compute the logits (N,K) of normalized pixels (N,3,H,W)."""
        given: Tensor = self.network(pixels)
        if self.outputs.startswith("binary"):
            given = given.reshape(-1, 1)
        if self.outputs == "binary-logits":
            return pad(given, (1, 0))
        if self.outputs == "binary-probabilities":
            given = torch.cat([1 - given, given], dim=1)
        scores = _log(given)
        return scores - _log(1 - given) if self.outputs == "multilabel-probabilities" else scores


def _log(probabilities: Tensor) -> Tensor:
    """Take the logarithm, of 0 too; in float32 at least, whose least number changes no other."""
    wide = probabilities if probabilities.dtype == torch.float64 else probabilities.float()
    return (wide + torch.finfo(torch.float32).tiny).log().to(probabilities.dtype)


def with_scores(network: nn.Module, outputs: Outputs) -> nn.Module:
    """Let a network give logits (N,K); it is itself where it does already."""
    if outputs in ("logits", "log-probabilities", "multilabel-logits"):
        return network
    return Scores(network, outputs)


def is_multilabel(outputs: Outputs) -> bool:
    """Tell whether each class has a probability of its own, whatever the others'."""
    return outputs.startswith("multilabel")


def probabilities_of(logits: Tensor, outputs: Outputs) -> Tensor:
    """Turn logits (...,K) into probabilities: by sigmoids for ``multilabel``, else by a softmax."""
    return logits.sigmoid() if is_multilabel(outputs) else logits.softmax(dim=-1)
