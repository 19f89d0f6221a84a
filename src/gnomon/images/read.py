"""The bytes of an image file, from this machine or from any store that fsspec reaches."""

import os
import stat
import time
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, TypeVar, cast

from gnomon.errors import GnomonError, ImageError, LimitError
from gnomon.images.hosts import Hosts, forbidden_host, is_web, not_named
from gnomon.limits import Limits

TRIES = 4
FIRST_PAUSE = 0.2

T = TypeVar("T")


def is_url(location: str) -> bool:
    """Return whether this is a URL and no path.

    >>> is_url("s3://birds/a.jpg"), is_url("birds/a.jpg")
    (True, False)
    """
    scheme, sep, _ = location.partition("://")
    return bool(sep) and scheme.replace("+", "").isalnum()


def is_local_url(url: str) -> bool:
    """Return whether a URL is a path of this machine.

    >>> is_local_url("file:///a.jpg"), is_local_url("zip://a.jpg::file:///a.zip")
    (True, False)
    """
    return url.partition("://")[0].lower() in ("file", "local") and "::" not in url


def read_bytes(
    location: str,
    limits: Limits,
    offset: int | None = None,
    size: int | None = None,
    *,
    name: str | None = None,
    hosts: Hosts | None = None,
) -> bytes:
    """Read a file, or ``size`` bytes of it from ``offset``; a path or a URL.

    ``hosts`` is given where the location comes from data and not from the user: the hosts that the
    user named. ``ImageError``, with the ``name`` that a person knows it by, where it is missing, no
    regular file, larger than the limits allow, or not to be fetched.
    """
    name = location if name is None else name
    if is_local_url(location):
        location = open_url(location)[1]
    if size is not None:
        _refuse_large(name, size, limits)
    if is_url(location):
        return _read_url(location, limits, offset, size, name, hosts)
    try:
        # A FIFO or a device must neither block us nor be read.
        handle = os.open(location, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ImageError(f"{name}: no such file, and no file matches; check the path") from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and os.path.exists(location) and not _regular(location):
            raise ImageError(f"{name}: not a regular file; copy the image into one") from error
        raise _unreadable(name, error) from error
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        os.close(handle)
        raise ImageError(f"{name}: not a regular file; copy the image into one")
    with os.fdopen(handle, "rb") as file:
        if size is None:
            _refuse_large(name, state.st_size, limits)
        try:
            file.seek(offset or 0)
            content = file.read(limits.max_bytes + 1 if size is None else size)
        except OSError as error:
            raise _unreadable(name, error) from error
    _refuse_large(name, len(content), limits)
    return content


def _regular(location: str) -> bool:
    return stat.S_ISREG(os.stat(location).st_mode)


def _read_url(
    location: str,
    limits: Limits,
    offset: int | None,
    size: int | None,
    name: str,
    hosts: Hosts | None,
) -> bytes:
    filesystem, path = open_url(location, hosts)
    most = limits.max_bytes + 1 if size is None else size

    def read() -> bytes:
        if is_web(location):
            from gnomon.images.web import fetch

            whole = (lambda length: None) if size else partial(_refuse_large, name, limits=limits)
            return fetch(filesystem, path, offset or 0, most, whole)
        if size is not None:
            start = offset or 0
            return bytes(filesystem.cat_file(path, start=start, end=start + size))
        known = filesystem.info(path).get("size")
        _refuse_large(name, known or 0, limits)
        with filesystem.open(path, "rb", cache_type="none" if known else "bytes") as file:
            return bytes(file.read(most))

    try:
        content = patiently(read)
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file; check the URL") from None
    except GnomonError:
        raise
    except Exception as error:  # Each store has its own kinds of error.
        raise _unfetched(name, error) from None
    _refuse_large(name, len(content), limits)
    return content


def _unfetched(name: str, error: Exception) -> ImageError:
    """Explain why a URL could not be read; its own words may hold its secrets."""
    host = forbidden_host(error)
    return _unreadable(name, error) if host is None else not_named(name, host)


def open_url(url: str, hosts: Hosts | None = None) -> tuple[Any, str]:
    """Return the fsspec file system of a URL and the path in it; ``GnomonError`` where none is.

    ``hosts`` is given where the URL comes from data: the hosts that the user named. Of a URL that
    the user gave, its own host is named.
    """
    try:
        import fsspec
    except ImportError as error:
        raise GnomonError(
            f"{url}: URLs need the package fsspec: pip install 'gnomon[remote]'"
        ) from error
    if hosts is None:
        hosts = Hosts.of([url])
    else:
        hosts.check(url)
    try:
        if is_web(url):
            from gnomon.images.web import Client

            return fsspec.filesystem("https", get_client=Client(hosts)), url
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise GnomonError(
            f"{url}: cannot be reached ({error}); pip install 'gnomon[remote]' has s3:// and"
            " https://, others want their fsspec package, such as gcsfs for gs://"
        ) from None
    return filesystem, path


def open_binary(location: str, hosts: Hosts | None = None) -> BinaryIO:
    """Open a file to read, by path or URL as `open_url` takes it; ``OSError`` where that fails."""
    if not is_url(location):
        return open(location, "rb")
    filesystem, path = open_url(location, hosts)
    try:
        return cast(BinaryIO, filesystem.open(path, "rb"))
    except OSError as error:
        if (host := forbidden_host(error)) is not None:
            raise not_named(location, host) from None
        raise


def patiently(work: Callable[[], T]) -> T:
    """Try again, ever later, what a store or a network failed at; not what is missing or denied."""
    for later in range(TRIES):
        try:
            return work()
        except (FileNotFoundError, PermissionError, GnomonError):
            raise
        except Exception as error:
            if later == TRIES - 1 or forbidden_host(error) is not None:
                raise
            time.sleep(FIRST_PAUSE * 3**later)
    raise AssertionError("unreachable")


def _refuse_large(name: str, size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise LimitError(
            f"{name}: too large ({size / 2**20:,.1f} MB); at most {limits.max_file_mb:,g} MB"
            " are read, make it smaller or raise max_file_mb (gnomon detect --max-file-mb)"
        )


def _unreadable(name: str, error: Exception) -> ImageError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ImageError(f"{name}: cannot be opened ({reason}); check the path")
