"""The photographs that the repository ships are sound, small, and free."""

import re
from pathlib import Path

import pytest

from gnomon.images import decode, find_images

SAMPLES = Path(__file__).parents[2] / "samples"
LICENCES = dict(
    re.findall(r"^\| `(.+?)` \|.+?\|.+?\| (.+?) \|", (SAMPLES / "README.md").read_text(), re.M)
)


def test_each_has_a_licence_and_each_licence_a_photograph() -> None:
    assert {Path(path).name for path in find_images([SAMPLES])} == set(LICENCES)
    assert set(LICENCES.values()) <= {"CC0 1.0", "public domain"}


@pytest.mark.parametrize("name", sorted(LICENCES))
def test_each_is_a_photograph_of_modest_size(name: str) -> None:
    picture = decode(SAMPLES / name)
    assert 200 <= min(picture.size) <= max(picture.size) <= 800
    assert picture.rgb.std() > 20


def test_together_they_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 3_000_000
