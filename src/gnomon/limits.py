"""How much one image may cost before it is refused."""

from dataclasses import dataclass, fields

from gnomon.errors import SettingError

MAX_PIXELS = 178_956_970
"""As many as Pillow reads before it calls a file a decompression bomb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one image may cost; a file beyond it is an ``ImageError``.

    Memory is estimated before an image is decoded. Only on a process apart can seconds, and what it
    really takes, be enforced: see `gnomon.images.sandbox`.
    """

    max_file_mb: float = 1024.0
    """Largest file that is read, in MB (2**20 bytes)."""
    max_pixels: int = MAX_PIXELS
    """Most pixels that are decoded."""
    max_frames: int = 10_000
    """Most frames or pages that a file may hold; the first is used."""
    max_seconds: float = 60.0
    """Longest that decoding may take, with --isolate."""
    max_memory_mb: float = 1024.0
    """Most memory that decoding may take, in MB: 134 megapixels of JPEG or PNG by default."""

    def __post_init__(self) -> None:
        for choice in fields(self):
            if not getattr(self, choice.name) > 0:
                given = getattr(self, choice.name)
                raise SettingError(f"{choice.name} is {given}; it must be above 0")

    @property
    def max_bytes(self) -> int:
        """Largest file in bytes."""
        return int(self.max_file_mb * 2**20)
