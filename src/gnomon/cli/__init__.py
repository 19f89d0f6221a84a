"""The command line: one function a verb, each of which Python can call too."""

import sys
from collections.abc import Callable
from importlib.metadata import version

import tyro
from rich.text import Text

from gnomon.cli.check import check
from gnomon.cli.detect import detect
from gnomon.cli.evaluate import evaluate
from gnomon.cli.explained import explained
from gnomon.cli.export import export
from gnomon.cli.import_ import import_
from gnomon.cli.outcome import Outcome
from gnomon.cli.parts import parts
from gnomon.cli.plan import plan
from gnomon.cli.repeat import repeat
from gnomon.cli.report import report
from gnomon.cli.salient import salient
from gnomon.cli.serve import CLOSED, serve
from gnomon.cli.terminal import left_out_in_sentences, terminal
from gnomon.cli.train import train
from gnomon.errors import GnomonError

VERBS: dict[str, Callable[..., Outcome]] = {
    "detect": detect,
    "check": check,
    "report": report,
    "evaluate": evaluate,
    "salient": salient,
    "repeat": repeat,
    "export": export,
    "import": import_,
    "parts": parts,
    "plan": plan,
    "train": train,
    "serve": serve,
}


INTERRUPTED = {
    "detect": "interrupted; go on with what was done by --resume",
    "train": "interrupted; go on with what was done by --resume",
    "serve": CLOSED,
}
"""What a verb says where Ctrl-C ends it."""

DESCRIPTION = """Class labels in, keypoints out.

Example: gnomon detect photos/ --out runs/first
--version, alone, says which gnomon this is."""


def main() -> None:
    """Run one verb; exit 0 when done, 1 when some inputs failed, 2 when nothing could be done."""
    if sys.argv[1:] == ["--version"]:
        print(f"gnomon {version('gnomon')}")
        sys.exit(0)
    try:
        with left_out_in_sentences():
            outcome = tyro.extras.subcommand_cli_from_dict(
                {name: explained(verb) for name, verb in VERBS.items()},
                prog="gnomon",
                description=DESCRIPTION,
                config=(
                    tyro.conf.FlagCreatePairsOff,
                    tyro.conf.OmitArgPrefixes,
                    tyro.conf.DisallowNone,
                ),
            )
    except GnomonError as error:
        said = Text.assemble(("gnomon:", "bold red"), f" {error}")
        terminal(errors=True).print(said, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        verb = next(filter(VERBS.__contains__, sys.argv[1:]), "")
        terminal(errors=True).print(INTERRUPTED.get(verb, "interrupted"))
        sys.exit(130)
    sys.exit(outcome.exit_status)
