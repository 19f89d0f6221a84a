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
        scores = self._log(given)
        if self.outputs == "multilabel-probabilities":
            return scores - self._log(1 - given)
        return scores

    def _log(self, probabilities: Tensor) -> Tensor:
        """Take the logarithm, of 0 too: a number is added that changes no other."""
        floats = (p.dtype for p in self.network.parameters() if p.is_floating_point())
        return (probabilities + torch.finfo(next(floats, torch.float32)).tiny).log()


def with_scores(network: nn.Module, outputs: Outputs) -> nn.Module:
    """Let a network give logits (N,K); it is itself where it does already."""
    if outputs in ("logits", "log-probabilities", "multilabel-logits"):
        return network
    return Scores(network, outputs)


def is_multilabel(outputs: Outputs) -> bool:
    """Return whether each class has a probability of its own, whatever the others'."""
    return outputs.startswith("multilabel")


def probabilities_of(logits: Tensor, outputs: Outputs) -> Tensor:
    """Turn logits (...,K) into probabilities: by sigmoids for ``multilabel``, else by a softmax."""
    return logits.sigmoid() if is_multilabel(outputs) else logits.softmax(dim=-1)
