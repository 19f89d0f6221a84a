import pytest
from numba.core import caching

from gnomon.foerstner.compiled import compiled


def halved(value: float) -> float:
    return value / 2


def test_it_computes_the_same() -> None:
    assert compiled(halved)(3.0) == 1.5


def test_it_compiles_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    assert compiled(halved)(3.0) == 1.5
