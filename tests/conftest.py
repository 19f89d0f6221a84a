from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    """Give the folder of the real data sets; skip where there is none."""
    if not SHARED.is_dir():
        pytest.skip("the real data sets are not at ../shared/data")
    return SHARED
