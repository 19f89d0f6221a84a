import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.errors import SettingError
from gnomon.occlusion.windows import patches_under, window_grid


def test_the_papers_windows() -> None:
    assert window_grid(224, 224, patch=16, stride=8).shape == (729, 2)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 45))
@settings(derandomize=True, deadline=None)
def test_windows_lie_at_every_stride_and_at_the_far_edges(
    height: int, width: int, patch: int, stride: int
) -> None:
    if patch > min(height, width):
        with pytest.raises(SettingError, match="patch"):
            window_grid(height, width, patch, stride)
        return
    windows = window_grid(height, width, patch, stride)
    expected = [
        (y, x)
        for y in range(height)
        for x in range(width)
        if (y == height - patch or (y % stride == 0 and y < height - patch))
        and (x == width - patch or (x % stride == 0 and x < width - patch))
    ]
    assert windows.dtype == torch.int64
    assert [tuple(window) for window in windows.tolist()] == expected


@pytest.mark.parametrize(("patch", "stride"), [(0, 8), (-1, 8), (16, 0), (16, -2), (33, 8)])
def test_what_is_no_grid_is_refused(patch: int, stride: int) -> None:
    with pytest.raises(SettingError, match="it must be"):
        window_grid(32, 48, patch, stride)


def test_patches_under_windows_are_slices() -> None:
    pixels = torch.arange(3 * 9 * 7).float().view(3, 9, 7)
    windows = window_grid(9, 7, patch=4, stride=3)
    patches = patches_under(pixels, windows, 4)
    for patch, (y, x) in zip(patches, windows.tolist(), strict=True):
        assert torch.equal(patch, pixels[:, y : y + 4, x : x + 4])
