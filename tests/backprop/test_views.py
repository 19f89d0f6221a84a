import torch

from gnomon.backprop.views import TURN, VIEWS, seen_back, views_of


def hill(height: int, width: int, x: float, y: float) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 50.0)[None].float()


def test_the_first_view_is_the_image_and_the_second_its_mirror() -> None:
    pixels = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    views = views_of(pixels)
    assert views.shape == (len(VIEWS), 3, 20, 30)
    torch.testing.assert_close(views[0], pixels, atol=1e-5, rtol=0)
    torch.testing.assert_close(views[1], pixels.flip(2), atol=1e-5, rtol=0)


def test_views_turn_in_pixels_whatever_the_sides() -> None:
    """A point right of the middle is turned about it, not along an ellipse."""
    height, width = 40, 80
    view = views_of(hill(height, width, 39.5 + 16, 19.5).expand(3, -1, -1))[2, 0]
    mass = view / view.sum()
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    x, y = (columns * mass).sum() - 39.5, (rows * mass).sum() - 19.5
    angle = torch.rad2deg(torch.atan2(y, x)).abs()
    torch.testing.assert_close(torch.hypot(x, y), torch.tensor(16.0), atol=0.2, rtol=0)
    torch.testing.assert_close(angle, torch.tensor(TURN), atol=0.5, rtol=0)


def test_what_views_see_is_brought_back_to_its_place() -> None:
    pixels = hill(48, 64, 25.0, 30.0)
    back = seen_back(views_of(pixels.expand(3, -1, -1))[:, :1])
    assert back.shape == (1, 48, 64)
    torch.testing.assert_close(back, pixels, atol=0.02, rtol=0)


def test_a_pixel_is_averaged_over_the_views_that_show_it() -> None:
    ones = torch.ones(len(VIEWS), 1, 32, 32)
    torch.testing.assert_close(seen_back(ones), torch.ones(1, 32, 32), atol=1e-5, rtol=0)
