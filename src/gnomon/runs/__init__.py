"""The run folder: what one `detect` leaves behind."""

from gnomon.runs.annotated import Annotated, annotated
from gnomon.runs.info import RunInfo
from gnomon.runs.own import write_run
from gnomon.runs.reader import Failure, Run, read_run
from gnomon.runs.rebuild import rebuild_detector
from gnomon.runs.review import Review, read_review
from gnomon.runs.review_event import Event
from gnomon.runs.review_file import ReviewFile

__all__ = [
    "Annotated",
    "Event",
    "Failure",
    "Review",
    "ReviewFile",
    "Run",
    "RunInfo",
    "annotated",
    "read_review",
    "read_run",
    "rebuild_detector",
    "write_run",
]
