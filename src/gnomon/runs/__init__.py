"""The run folder: what one `detect` leaves behind."""

from gnomon.runs.info import RunInfo
from gnomon.runs.reader import Failure, Run, read_run
from gnomon.runs.writer import RunWriter

__all__ = ["Failure", "Run", "RunInfo", "RunWriter", "read_run"]
