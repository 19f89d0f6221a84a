"""Serve a run whose classes, files and parts have names of markup, as its classifier's have."""

import sys
from pathlib import Path

from markup import NAMES, hostile

from gnomon import Detector
from gnomon.presets import PRESETS
from gnomon.runs import read_run
from gnomon.web.album import Album
from gnomon.web.app import build, listen
from gnomon.web.bench import Bench


def detector() -> Detector:
    """Make a quick detector whose classes have such names."""
    made = Detector("embedded/squeezenet1_1", size=(112, 112), device="cpu")
    names = tuple(f"{NAMES[number % len(NAMES)]}{number}" for number in range(1000))
    object.__setattr__(made.classifier, "class_names", names)
    return made


if __name__ == "__main__":
    folder, _, port = sys.argv[1:]
    run = hostile(read_run(Path(folder)))
    presets = dict.fromkeys(NAMES, PRESETS["default"].settings)
    build(Bench(dict.fromkeys(NAMES, detector), presets), Album(run))
    listen("127.0.0.1", int(port), None, lambda: None)
