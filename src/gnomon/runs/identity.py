"""Which run something came from."""

import json
from dataclasses import asdict
from hashlib import sha256

from gnomon.runs.info import RunInfo


def run_id(info: RunInfo) -> str:
    """Name a run by its start, network, choices and inputs: "run-" and 16 hexadecimal digits.

    Copies of a run are the same run, and so is one that was resumed; two runs over the same
    photographs are not.
    """
    settled = (
        info.start,
        info.classifier,
        info.weights_sha256,
        info.inputs_sha256,
        asdict(info.preprocessing),
        asdict(info.settings),
    )
    text = json.dumps(settled, sort_keys=True)
    return f"run-{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
