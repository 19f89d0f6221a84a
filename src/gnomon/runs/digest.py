"""What tells the rows of two parts apart, whatever wrote their files."""

from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc


def digest_of(images: pa.Table, keypoints: pa.Table, note: bytes) -> str:
    """Digest both tables' rows and the note on failures, but not the seconds that images took.

    It depends on values alone, not on how Parquet holds them. Two writers of one name so write the
    same rows; whose files stand in the end is no matter.
    """
    digest = sha256(note)
    for table in (images.drop_columns(["seconds"]), keypoints):
        digest.update(table.num_rows.to_bytes(8, "little"))
        for name, column in zip(table.column_names, table.columns, strict=True):
            digest.update(name.encode() + b"\0")
            digest.update(_content(column))
    return digest.hexdigest()[:16]


def _content(column: pa.ChunkedArray) -> bytes:
    """Return a column's values as bytes; of texts, their lengths before them."""
    if not pa.types.is_string(column.type):
        values = column.to_numpy()
        return bytes(values.astype(values.dtype.newbyteorder("<")).tobytes())
    texts = pa.concat_arrays([pa.array([], column.type), *column.chunks])
    lengths = pc.binary_length(texts).to_numpy().astype("<i8")
    _, _, data = texts.buffers()
    content = b"" if data is None else data.to_pybytes()[: lengths.sum()]
    return bytes(lengths.tobytes() + content)
