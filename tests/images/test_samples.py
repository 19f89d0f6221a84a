"""The photographs that the repository ships are sound, small, and free."""

import re
from pathlib import Path

import pytest

from gnomon.images import decode, find_images

SAMPLES = Path(__file__).parents[2] / "samples"
LICENSES = dict(
    re.findall(r"^\| `(.+?)` \|.+?\|.+?\| (.+?) \|", (SAMPLES / "README.md").read_text(), re.M)
)


def test_each_has_a_license_and_each_license_a_photograph() -> None:
    assert {Path(path).name for path in find_images([SAMPLES])} == set(LICENSES)
    assert set(LICENSES.values()) <= {"CC0 1.0", "public domain"}


@pytest.mark.parametrize("name", sorted(LICENSES))
def test_each_is_a_photograph_of_modest_size(name: str) -> None:
    picture = decode(SAMPLES / name)
    assert 200 <= min(picture.size) <= max(picture.size) <= 800
    assert picture.rgb.std() > 20


def test_together_they_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 3_000_000
