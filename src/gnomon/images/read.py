"""The bytes of an image file, from this machine or from any store that fsspec reaches."""

import os
import stat
import time
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar, cast

from gnomon.errors import GnomonError, ImageError
from gnomon.limits import Limits

TRIES = 4
FIRST_PAUSE = 0.2

T = TypeVar("T")


def is_url(location: str) -> bool:
    """Tell a URL from a path.

    >>> is_url("s3://birds/a.jpg"), is_url("birds/a.jpg")
    (True, False)
    """
    scheme, sep, _ = location.partition("://")
    return bool(sep) and scheme.replace("+", "").isalnum()


def read_bytes(
    location: str,
    limits: Limits,
    offset: int | None = None,
    size: int | None = None,
    *,
    name: str | None = None,
) -> bytes:
    """Read a file, or ``size`` bytes of it from ``offset``; a path or a URL.

    ``ImageError``, with the ``name`` that a person knows it by, where it is missing, no regular
    file, or larger than the limits allow.
    """
    try:
        return _read(location, limits, offset, size)
    except ImageError as error:
        if name is None or not str(error).startswith(location):
            raise
        raise ImageError(name + str(error)[len(location) :]) from error


def _read(location: str, limits: Limits, offset: int | None, size: int | None) -> bytes:
    if size is not None:
        _refuse_large(location, size, limits)
    if is_url(location):
        return _read_url(location, limits, offset, size)
    try:
        # A FIFO or a device must neither block us nor be read.
        handle = os.open(location, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ImageError(
            f"{location}: no such file, and no file matches; check the path"
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and os.path.exists(location) and not _regular(location):
            raise ImageError(f"{location}: not a regular file; copy the image into one") from error
        raise _unreadable(location, error) from error
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise ImageError(f"{location}: not a regular file; copy the image into one")
        if size is None:
            _refuse_large(location, state.st_size, limits)
        try:
            file.seek(offset or 0)
            content = file.read(limits.max_bytes + 1 if size is None else size)
        except OSError as error:
            raise _unreadable(location, error) from error
    _refuse_large(location, len(content), limits)
    return content


def _regular(location: str) -> bool:
    return stat.S_ISREG(os.stat(location).st_mode)


def _read_url(location: str, limits: Limits, offset: int | None, size: int | None) -> bytes:
    filesystem, path = open_url(location)

    def fetch() -> bytes:
        if size is not None:
            start = offset or 0
            return bytes(filesystem.cat_file(path, start=start, end=start + size))
        known = filesystem.info(path).get("size")
        _refuse_large(location, known or 0, limits)
        with filesystem.open(path, "rb", cache_type="none" if known else "bytes") as file:
            return bytes(file.read(limits.max_bytes + 1))

    try:
        content = patiently(fetch)
    except FileNotFoundError as error:
        raise ImageError(f"{location}: no such file; check the URL") from error
    except GnomonError:
        raise
    except Exception as error:  # Each store has its own kinds of error.
        raise _unreadable(location, error) from error
    _refuse_large(location, len(content), limits)
    return content


def open_url(url: str) -> tuple[Any, str]:
    """Give the fsspec file system of a URL and the path in it; ``GnomonError`` where none is."""
    try:
        import fsspec
    except ImportError as error:
        raise GnomonError(
            f"{url}: URLs need the package fsspec: pip install 'gnomon[remote]'"
        ) from error
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise GnomonError(
            f"{url}: cannot be reached ({error}); pip install 'gnomon[remote]' has s3:// and"
            " https://, others want their fsspec package, such as gcsfs for gs://"
        ) from error
    return filesystem, path


def open_binary(location: str) -> BinaryIO:
    """Open a file to read, by path or URL; ``OSError`` where that fails."""
    if is_url(location):
        filesystem, path = open_url(location)
        return cast(BinaryIO, filesystem.open(path, "rb"))
    return open(location, "rb")


def patiently(work: Callable[[], T]) -> T:
    """Try again, ever later, what a store or a network failed at; not what is missing or denied."""
    for later in range(TRIES):
        try:
            return work()
        except (FileNotFoundError, PermissionError, GnomonError):
            raise
        except Exception:
            if later == TRIES - 1:
                raise
            time.sleep(FIRST_PAUSE * 3**later)
    raise AssertionError("unreachable")


def _refuse_large(location: str, size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise ImageError(
            f"{location}: too large ({size / 2**20:,.1f} MB); at most {limits.max_file_mb:,g} MB"
            " are read, make it smaller or raise max_file_mb"
        )


def _unreadable(location: str, error: Exception) -> ImageError:
    reason = getattr(error, "strerror", None) or error or type(error).__name__
    return ImageError(f"{location}: cannot be opened ({reason}); check the path")
