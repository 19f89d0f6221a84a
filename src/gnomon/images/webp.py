"""The size of a WebP image by its header alone, and its last byte."""


def webp_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a WebP file; ``None`` for any other file.

    https://developers.google.com/speed/webp/docs/riff_container
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if content[12:16] == b"VP8X":
        width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = (int.from_bytes(content[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return width, height


def padded_webp(content: bytes) -> bytes:
    """Add the byte that fills up a WebP file's last chunk, where nothing but it is missing."""
    if len(content) % 2 == 0 or int.from_bytes(content[4:8], "little") != len(content) - 7:
        return content
    place = 12
    while place < len(content):
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        if place + 8 + size == len(content):
            return content + b"\0"
        place += 8 + size + size % 2
    return content
