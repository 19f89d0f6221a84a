"""The photographs of a run, for the formats that hold them."""

from collections.abc import Iterator

from gnomon.disk import Folder
from gnomon.export.contents import Absent, Contents
from gnomon.runs.photographs import AbsentError
from gnomon.runs.records import Record


def photographed(contents: Contents) -> Iterator[tuple[Record, bytes]]:
    """Yield the images whose photographs are here, each with its file's bytes.

    The others are left out, and are the contents' ``absent`` from then on.
    """
    contents.absent.clear()
    for record in contents:
        try:
            found = contents.photographs.find(record.image.path, record.image.content_hash)
        except AbsentError as error:
            unplaced = int((contents.places(record) < 0).sum())
            contents.absent.append(Absent(record.image.path, error.why, len(record), unplaced))
        else:
            yield record, found.content


def write_photograph(content: bytes, folder: Folder, name: str) -> None:
    """Write a photograph's file as it is."""
    with folder.create(name) as copy:
        copy.write(content)
