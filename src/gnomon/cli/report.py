"""`gnomon report`: a page to look at."""

from pathlib import Path

import tyro

from gnomon.cli.outcome import Outcome


def report(run: tyro.conf.Positional[Path]) -> Outcome:
    """Write report.html into a run: its settings, its numbers and every figure.

    Example: gnomon report runs/demo

    Args:
        run: The folder that `gnomon detect --out` wrote.
    """
    from gnomon.report import write_report
    from gnomon.runs import read_run

    page = write_report(read_run(run))
    print(page)
    return Outcome(page)
