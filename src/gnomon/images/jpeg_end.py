"""JPEG files that lack their end marker: whether they lack anything else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gnomon.errors import ImageError

SOI, EOI = b"\xff\xd8\xff", b"\xff\xd9"
FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
"""Markers of a frame (ITU-T T.81, table B.1), of the kinds that libjpeg decodes."""
SCAN, END = 0xDA, 0xD9
COEFFICIENTS = 64
PADDINGS = (b"\x00", b"\xaa", b"\x7f", b"\x35")
"""What may follow the data of a whole scan without changing a pixel."""
PADDED = 4096
FILLED = 8
"""Zeros at the end from which on a file was filled up with them, as some downloads are."""
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_HEAD = re.compile(rb"\xff+[\x01-\xfe]")


@dataclass(slots=True)
class _Scans:
    """What a file's headers say: for each component whether each coefficient lacks bits.

    ``cut`` is true where the file ends before its end marker.
    """

    lacking: dict[int, list[bool]] = field(default_factory=dict)
    cut: bool = False

    def frame(self, header: bytes) -> None:
        self.lacking = {one: [True] * COEFFICIENTS for one in header[6 : 6 + 3 * header[5] : 3]}

    def scan(self, header: bytes) -> None:
        count = header[0]
        first, last, bits = header[1 + 2 * count : 4 + 2 * count]
        for one in header[1 : 1 + 2 * count : 2]:
            for coefficient in range(first, min(last + 1, COEFFICIENTS)):
                self.lacking[one][coefficient] = bool(bits & 0x0F)

    @property
    def whole(self) -> bool:
        return not any(any(bits) for bits in self.lacking.values())


def paddings(content: bytes, name: str) -> Iterator[bytes]:
    """Return a JPEG without its end marker, each time with other bytes and the marker behind it.

    All decode to the same pixels where nothing but the marker is missing: a decoder that has all
    rows skips what follows. Nothing is returned for any other file. ``ImageError`` where whole
    scans are missing, without which a progressive file is blurred or without color.
    """
    if not content.startswith(SOI) or content.endswith(EOI):
        return
    scans = _read(content)
    if not scans.cut or not scans.lacking:
        return
    if not scans.whole:
        raise ImageError(
            f"{name}: cut short (its last scans are missing, with them detail or color);"
            " fetch it or save it again"
        )
    data = content.rstrip(b"\0") if content.endswith(bytes(FILLED)) else content
    for padding in PADDINGS:
        yield data.rstrip(b"\xff") + padding * PADDED + EOI


def _read(content: bytes) -> _Scans:
    """Read the headers up to the end marker, or to where the file ends or is no JPEG any more."""
    scans, place = _Scans(), 2
    while (marker := _HEAD.match(content, place)) is not None:
        kind, start = content[marker.end() - 1], marker.end()
        place = start + int.from_bytes(content[start : start + 2])
        if kind == END or start == place:
            return scans
        header = content[start + 2 : place]
        if place > len(content):
            break
        try:
            if kind in FRAMES:
                scans.frame(header)
            elif kind == SCAN:
                scans.scan(header)
                following = _MARKER.search(content, place)
                place = len(content) if following is None else following.start()
        except (IndexError, KeyError, ValueError):
            return scans
    scans.cut = not content[place:].strip(b"\xff")
    return scans
