"""The command line: one function a verb, each of which Python can call too."""

import sys

import tyro
from rich.console import Console

from gnomon.cli.detect import detect
from gnomon.cli.report import report
from gnomon.errors import GnomonError

VERBS = {"detect": detect, "report": report}


def main() -> None:
    """Run one verb; exit 0 when done, 1 when some inputs failed, 2 when nothing could be done."""
    try:
        result = tyro.extras.subcommand_cli_from_dict(
            VERBS,
            prog="gnomon",
            description="Class labels in, keypoints out.\n\nExample: gnomon detect photos/ --out run",
            config=(tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes),
        )
    except GnomonError as error:
        Console(stderr=True).print(f"[bold red]gnomon:[/] {error}", highlight=False)
        sys.exit(2)
    sys.exit(result.exit_status)
