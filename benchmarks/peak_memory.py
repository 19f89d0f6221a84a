"""Occluding a 448 px image with VGG-19, and the whole of detect, stay under 3 GiB of memory.

Each runs in a process of its own; the peak is that of the resident set: Python, libraries and
weights included. The dense engine takes 49 windows instead of 3,025, for the time they take: its
memory is that of one lane of windows, and the patches of all would add 9 MB.
"""

import argparse
import resource
import subprocess
import sys

import torch
from torchvision.models import vgg19

from gnomon import Detector
from gnomon.classifier import Classifier, Preprocessing
from gnomon.geometry import Affine
from gnomon.occlusion import occlude
from gnomon.types import Image
from measure import record

SIZE = 448
GOAL = 3.0
GIB = 1 << 30
CASES = {
    "occlude, dense": ("occlude", "dense", 64),
    "detect, dense": ("detect", "dense", 64),
    "detect, auto": ("detect", "auto", 8),
}


def run(what: str, engine: str, stride: int) -> None:
    """Do the work and print this process's peak in bytes."""
    torch.manual_seed(0)
    classifier = Classifier(vgg19(), Preprocessing(size=(SIZE, SIZE)))
    pixels = torch.rand(3, SIZE, SIZE)
    if what == "occlude":
        image = Image(pixels, "random", "random", (SIZE, SIZE), Affine.identity())
        occlude(classifier, image, stride=stride, engine=engine)
    else:
        Detector(classifier, preset="paper", stride=stride, engine=engine)(pixels)
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def peak(case: str) -> float:
    """Run one case in a process of its own; its peak in GiB."""
    command = [sys.executable, __file__, "--run", case]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split()[-1]) / GIB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", choices=CASES, help="one case, in this process")
    case = parser.parse_args().run
    if case:
        run(*CASES[case])
        return 0
    peaks = {case: peak(case) for case in CASES}
    claim = f"peak memory, VGG-19, {SIZE} px: under {GOAL} GiB"
    record("peak_memory", {"claim": claim, "peak_gib": peaks}, ("torchvision",))
    return 0 if max(peaks.values()) < GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
