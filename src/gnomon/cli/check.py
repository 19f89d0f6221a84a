"""`gnomon check`: whether a run is sound."""

from pathlib import Path

import tyro

from gnomon.cli.outcome import Outcome


def check(run: tyro.conf.Positional[str], /, *, quiet: bool = False) -> Outcome:
    """Read every file of a run and say what is damaged, missing or strange, a line each.

    It ends with 0 where nothing is, with 1 where something is, with 2 where there is no run. It
    changes nothing: `gnomon detect ... --resume` does damaged parts again.

    Example: gnomon check runs/first

    Args:
        run: The folder that `gnomon detect --out` wrote, or its URL.
        quiet: Say nothing but what is wrong.
    """
    from gnomon.cli.terminal import plain, terminal
    from gnomon.runs.check import check_run

    found = check_run(run)
    for fault in found.faults:
        print(plain(fault))
    if not quiet:
        said = f"{found.n_parts} sound parts, {len(found.faults)} faults"
        if found.n_left:
            said += f"; {found.n_left} inputs are left to do: gnomon detect ... --resume"
        terminal(errors=True).print(said, soft_wrap=True)
    return Outcome(Path(run), n_failed=len(found.faults))
