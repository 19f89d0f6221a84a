"""What a person sees while a run goes on, on standard error."""

from rich.progress import MofNCompleteColumn

from gnomon.cli.console import Shown


class Progress(Shown):
    """A bar over the images, with the time left, that moves within an image too."""

    def __init__(self, n_images: int | None = None, *, quiet: bool) -> None:
        """Make the bar; without a number it waits for ``begin``."""
        super().__init__(MofNCompleteColumn(), quiet=quiet)
        self._images = self._bars.add_task("images", total=n_images)
        self._done = 0

    def begin(self, total: int, done: int) -> None:
        """So many images there are, and so many were done before."""
        self._done = done
        self._bars.reset(self._images, total=total, completed=done)

    def windows(self, done: int, total: int) -> None:
        """Move within an image: so many of its windows are done."""
        self._bars.update(self._images, completed=self._done + done / total)

    def image_done(self, count: int = 1) -> None:
        """Move on by an image or more."""
        self._done += count
        self._bars.update(self._images, completed=self._done)
