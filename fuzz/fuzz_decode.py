"""Coverage-guided fuzzing of decoding: any bytes are a picture or an ImageError.

Run by `make fuzz`; libFuzzer's own options follow on the command line. It fails on any other
exception, on an input of 10 s, and above 2 GB of memory. The corpus begins with small sound images.
"""

import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

import atheris
import numpy as np
import PIL.Image

with atheris.instrument_imports(include=["gnomon.images", "PIL"]):
    from PIL import (  # noqa: F401 - imported to be instrumented
        BmpImagePlugin,
        GifImagePlugin,
        IcoImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        PpmImagePlugin,
        TgaImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    from gnomon.errors import ImageError
    from gnomon.images import Limits, decode

LIMITS = Limits(max_pixels=4_000_000, max_frames=100)
OPTIONS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-max_total_time=120")


def one_input(content: bytes) -> None:
    """Decode; only an ImageError may come of it."""
    with suppress(ImageError):
        rgb = decode(content, limits=LIMITS).rgb
        assert rgb.ndim == 3
        assert rgb.shape[2] == 3
        assert rgb.dtype == np.uint8


def seeds() -> Path:
    """Write small sound images of each kind into a new folder."""
    folder = Path(mkdtemp(prefix="gnomon-fuzz-"))
    picture = PIL.Image.fromarray(np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3))
    for kind in ("BMP", "GIF", "ICO", "JPEG", "PNG", "PPM", "QOI", "TGA", "TIFF", "WEBP"):
        file = BytesIO()
        picture.save(file, kind)
        (folder / kind.lower()).write_bytes(file.getvalue())
    return folder


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *OPTIONS, *sys.argv[1:], str(seeds())], one_input)
    atheris.Fuzz()
