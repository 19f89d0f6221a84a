"""WebDataset archives: the images in a tar file, and where each lies in it."""

import os
import tarfile
from collections.abc import Iterator

from gnomon.errors import DatasetError
from gnomon.images.files import IMAGE_SUFFIXES
from gnomon.images.read import open_binary
from gnomon.runs.listing import Input


def list_tar(location: str) -> Iterator[Input]:
    """List the images in a tar file by their headers; the images are not read.

    A member is never unpacked, so its name leads nowhere. ``DatasetError`` for a compressed or
    damaged archive: WebDataset's are plain.
    """
    try:
        with open_binary(location) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            last = -1
            while (member := archive.next()) is not None:
                if member.offset <= last or member.size < 0:
                    raise DatasetError(f"{location}: its headers lead back; fetch it again")
                last = member.offset
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all
                if member.isreg() and not member.issparse() and _is_image(member.name):
                    yield Input(
                        f"{location}#{member.name}",
                        location,
                        offset=member.offset_data,
                        size=member.size,
                    )
    except DatasetError:
        raise
    except Exception as error:  # On damaged input, its reader raises any kind.
        raise DatasetError(f"{location}: cannot be read as a plain tar file: {error}") from error


def _is_image(name: str) -> bool:
    base = os.path.basename(name)
    return os.path.splitext(base)[1].lower() in IMAGE_SUFFIXES and not base.startswith(".")
