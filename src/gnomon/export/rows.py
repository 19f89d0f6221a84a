"""The rows of a Parquet file in order, so many at a time, whatever its size."""

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 8192


class Rows:
    """A place in a file; what was taken is not held."""

    def __init__(self, file: pq.ParquetFile, schema: pa.Schema) -> None:
        self._batches = file.iter_batches(batch_size=ROWS, columns=schema.names)
        self._schema = schema
        self._held = schema.empty_table()

    def take(self, count: int) -> pa.Table:
        """Give the next rows, fewer where the file ends."""
        while self._held.num_rows < count and self._more():
            pass
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        return taken.combine_chunks()

    def take_of(self, column: str, value: object) -> pa.Table:
        """Give the next rows as long as their column has this value; none where it has another."""
        count = 0
        while True:
            here = self._held[column]
            while count < len(here) and here[count].as_py() == value:
                count += 1
            if count < len(here) or not self._more():
                return self.take(count)

    def _more(self) -> bool:
        batch = next(self._batches, None)
        if batch is None:
            return False
        more = pa.Table.from_batches([batch]).cast(self._schema)
        self._held = pa.concat_tables([self._held, more])
        return True
