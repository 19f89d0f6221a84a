"""`gnomon serve`: a page to work in."""

from pathlib import Path

import tyro

from gnomon.cli.access import Access
from gnomon.cli.outcome import Outcome

CLOSED = "the page is closed"


def serve(
    run: tyro.conf.Positional[Path | None] = None,
    /,
    *,
    model: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    weights: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8765,
    device: str = "auto",
    access: Access = Access(),
    plug: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    show: bool = True,
) -> Outcome:
    """Open a page in the browser: explore an image, and judge a run's keypoints.

    Nothing leaves this machine, and only it reaches the page. Where --host lets others reach it,
    they need the password in the environment variable GNOMON_PASSWORD.

    Example: gnomon serve runs/first

    Args:
        run: The folder that `gnomon detect --out` wrote, to leaf through and to judge. The review
            is written into it as review.jsonl.
        model: A further classifier to choose, named as for `gnomon detect`; may be repeated. One
            with the weights of the run's classifier stands for it.
        weights: The weights file of the run's classifier, where the run does not lead to it.
        host: The address to listen on.
        port: The port to listen on.
        device: Where to compute: auto, cpu, cuda, mps.
        access: Where the run's photographs are, and what may be fetched.
        plug: A package.module:name that the run names and that may be imported; may be repeated.
        show: Open the page in a browser.
    """
    from gnomon.cli.terminal import terminal
    from gnomon.errors import GnomonError
    from gnomon.runs.rebuild import Trust

    try:
        from gnomon.web.serve import serve as serve_page
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("gnomon"):
            raise
        raise GnomonError(
            f"the page needs NiceGUI ({error.name} is missing); pip install 'gnomon[serve]'"
        ) from error

    serve_page(
        run,
        models=model,
        weights=weights,
        host=host,
        port=port,
        device=device,
        trust=Trust(plug, access.fetch),
        show=show,
        photographs=access.photographs(),
    )
    terminal(errors=True).print(CLOSED)
    return Outcome()
