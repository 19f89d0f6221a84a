"""From a command to a page that answers."""

import os
import socket
import webbrowser
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path
from sys import stdin

from gnomon.errors import SettingError
from gnomon.runs import read_run
from gnomon.runs.photographs import Photographs
from gnomon.runs.rebuild import Trust
from gnomon.web.album import Album
from gnomon.web.app import build, listen
from gnomon.web.bench import make_bench
from gnomon.web.origin import is_loopback

PASSWORD = "GNOMON_PASSWORD"


def serve(
    run: Path | None,
    *,
    models: Sequence[str] = (),
    weights: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8765,
    device: str = "auto",
    trust: Trust = Trust(),
    show: bool = True,
    photographs: Photographs | None = None,
) -> None:
    """Open the page, and answer until the program is ended.

    ``weights`` are the run's classifier's, where the run does not lead to them; ``trust`` is what
    the names in the run may do. Raises ``SettingError`` for an address that is not free, or that
    others reach without a password.
    """
    recorded = None if run is None else read_run(run)
    password = None if is_loopback(host) else _password(host)
    _check_free(host, port)
    album = None if recorded is None else Album(recorded, photographs)
    info = None if recorded is None else recorded.info
    build(make_bench(models, device, info, trust, weights), album)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/{'' if album is None else 'run'}"

    def ready() -> None:
        print(f"gnomon answers at {address} (Ctrl-C ends it)", flush=True)  # noqa: T201 - what the command is for
        if show:
            webbrowser.open(address)

    listen(host, port, password, ready)


def _password(host: str) -> str:
    """Ask for the password that everybody who opens the page must give."""
    password = os.environ.get(PASSWORD, "")
    if not password and stdin is not None and stdin.isatty():
        password = getpass(f"Password for the page on {host}: ")
    if not password:
        raise SettingError(
            f"host is {host!r}, which other machines reach; set a password in the environment"
            f" variable {PASSWORD}, or leave --host out to be reached from this machine only"
        )
    return password


def _check_free(host: str, port: int) -> None:
    if not 1 <= port <= 65535:
        raise SettingError(f"port is {port}; choose a --port from 1 to 65535")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise SettingError(
            f"cannot listen on {host} port {port} ({error}); choose another --port or --host"
        ) from error
