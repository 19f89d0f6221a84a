"""One writer a run: a second one is refused, and a killed one's place is free again."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from gnomon.disk import reason_of
from gnomon.errors import RunError
from gnomon.runs.store import LOCK, LocalStore, Store
from gnomon.runs.url_store import LEASE
from gnomon.strict_json import read_as

BEAT = 4.0
"""Seconds between two signs of life in a store that has no locks of its own."""
MOST = 10_000
"""Bytes of a sign of life at most."""


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Hold a run while it is written; ``RunError`` where another process holds it.

    On this machine the system's own lock is used, which ends with the process. Elsewhere a small
    file is rewritten every few seconds; one that stands still belongs to a dead writer.
    """
    with _local(store) if isinstance(store, LocalStore) else _leased(store):
        yield


@contextmanager
def _local(store: LocalStore) -> Iterator[None]:
    try:
        import fcntl as _  # noqa: F401 - to see whether the system has such locks
    except ImportError:
        with _leased(store):
            yield
        return
    with ExitStack() as held:
        try:
            held.enter_context(store.folder.held(LOCK, wait=False))
        except BlockingIOError as error:
            raise _held(store) from error
        except OSError as error:
            raise RunError(f"{store} cannot be written: {reason_of(error)}") from error
        yield


@contextmanager
def _leased(store: Store) -> Iterator[None]:
    me, stop = uuid4().hex, threading.Event()
    before = _lease(store)
    if before and (stop.wait(2.5 * BEAT) or _lease(store) != before):
        raise _held(store)
    _beat(store, me, 0)
    if before is None:
        stop.wait(0.2)
    if (now := _lease(store)) is None or now.get("writer") != me:
        raise _held(store)

    def go_on() -> None:
        count = 0
        while not stop.wait(BEAT):
            count += 1
            _beat(store, me, count)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        store.remove(LEASE)


def _beat(store: Store, me: str, count: int) -> None:
    lease = {"writer": me, "host": socket.gethostname(), "pid": os.getpid(), "beat": count}
    store.write(LEASE, json.dumps(lease).encode())


def _lease(store: Store) -> dict[str, str | int] | None:
    try:
        return read_as(store.read(LEASE), dict[str, str | int])
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{store}/{LEASE} cannot be read: {error}; remove it") from error


def _held(store: Store) -> RunError:
    return RunError(
        f"{store} is being written by another process; wait for it, end it, or give another --out"
    )
