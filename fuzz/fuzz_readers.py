"""Coverage-guided fuzzing of a reader of foreign bytes: they are read, or a sentence says why not.

Run by `make fuzz` for each name in ``targets.TARGETS``; libFuzzer's own options follow the name. It
fails on any other exception, on an input of 10 s, and above 2 GB of memory.
"""

import sys
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import atheris

with atheris.instrument_imports(include=["gnomon", "tarfile", "zipfile"]):
    from targets import TARGETS

    from gnomon.errors import GnomonError, LeftOutWarning

OPTIONS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-max_total_time=15")


def main(name: str, options: list[str]) -> None:
    """Fuzz one target."""
    target = TARGETS[name]()

    def one_input(content: bytes) -> None:
        with suppress(GnomonError):
            target(content)

    warnings.simplefilter("ignore", LeftOutWarning)
    seeds = Path(mkdtemp(prefix="gnomon-fuzz-seeds-"))
    (seeds / "sound").write_bytes(target.seed)
    atheris.Setup([sys.argv[0], *OPTIONS, *options, str(seeds)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TARGETS))
    else:
        main(sys.argv[1], sys.argv[2:])
