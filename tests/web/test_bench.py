"""One page at a time detects, and the next one goes on."""

from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from gnomon.presets import Settings
from gnomon.web.bench import Bench, CancelledError


def a_detector(detect: Any) -> Any:
    """Stand in for a detector that ``detect`` is asked of."""
    return SimpleNamespace(detect=lambda image, told, label_index: detect(image))


def give_up(done: int, total: int) -> None:
    raise CancelledError


def test_a_page_waits_for_another_and_gets_its_turn_after_it() -> None:
    bench = Bench({}, {"default": Settings()})
    begun, release = Event(), Event()

    def slow(image: Any) -> Any:
        begun.set()
        assert release.wait(30)
        return image

    found: list[Any] = []
    image: Any = "image"
    first = Thread(
        target=lambda: found.append(bench.detect(a_detector(slow), image, None, give_up))
    )
    first.start()
    assert begun.wait(30)
    with pytest.raises(CancelledError):
        bench.detect(a_detector(str.upper), image, None, give_up)
    release.set()
    first.join(30)
    assert found == ["image"]
    after: Any = bench.detect(a_detector(str.upper), image, None, give_up)
    assert after == "IMAGE"


def test_a_page_gets_its_turn_after_one_that_failed() -> None:
    bench = Bench({}, {"default": Settings()})
    image: Any = "image"

    def fail(_: Any) -> Any:
        raise CancelledError

    with pytest.raises(CancelledError):
        bench.detect(a_detector(fail), image, None, give_up)
    after: Any = bench.detect(a_detector(str.upper), image, None, give_up)
    assert after == "IMAGE"
