"""What is done when a step breaks: its node runs on whole maps from then on, and why is kept."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import fx

from gnomon.errors import GnomonError
from gnomon.memory import is_out_of_memory

log = logging.getLogger("gnomon")


class StepError(Exception):
    """A step that broke: its ``node``, and the name of the ``rule`` by which it was computed.

    There is no rule where the network's own operation failed on whole maps.
    """

    def __init__(self, node: fx.Node, rule: str, error: Exception) -> None:
        (*first, _) = (*str(error).strip().splitlines()[:1], "")
        super().__init__(": ".join([type(error).__name__, *first]))
        self.node, self.rule = node, rule


@contextmanager
def blamed(node: fx.Node, rule: object) -> Iterator[None]:
    """Attribute what fails in here to this node; errors of memory and of users pass."""
    try:
        yield
    except (GnomonError, StepError):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise StepError(node, rule_name(rule), error) from error


def rule_name(rule: object) -> str:
    """Name a rule, or what finds one."""
    if rule is None:
        return ""
    named: Any = rule if callable(rule) and hasattr(rule, "__qualname__") else type(rule)
    return f"{named.__module__.rpartition('.')[2]}.{named.__qualname__.partition('.<locals>')[0]}"


class Refusals:
    """The nodes of one network whose rule broke, and why; each is logged once."""

    def __init__(self, network: str) -> None:
        self._network = network
        self._because: dict[fx.Node, str] = {}

    def __contains__(self, node: fx.Node) -> bool:
        return node in self._because

    def because(self, node: fx.Node) -> str:
        """Explain why a node must not follow its rule; empty where it may."""
        return self._because.get(node, "")

    def add(self, error: StepError) -> None:
        """Let a node run on whole maps from now on."""
        because = f"its rule {error.rule} failed ({error})"
        if error.node not in self._because:
            self._because[error.node] = because
            log.warning("%s: %s runs on whole maps: %s", self._network, error.node, because)

    def find(self, node: fx.Node, finder: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Ask a finder for a node's rule; ``None`` where it breaks."""
        try:
            with blamed(node, finder):
                return finder(*args, **kwargs)
        except StepError as error:
            self.add(error)
            return None
