"""What `gnomon evaluate` leaves in a run: the record and the page, both or neither."""

from pathlib import Path

from gnomon.report.evaluation_page import write_page
from gnomon.report.evaluation_record import FOLDER, EvaluatedRun, write_record
from gnomon.runs.store import LocalStore


def write_evaluation(run: Path, evaluated: EvaluatedRun) -> Path:
    """Write evaluation/ into a run's folder and return the path of its page."""
    with LocalStore(run).together() as files:
        write_record(files, evaluated)
        write_page(files, evaluated)
    return run / FOLDER / "evaluation.html"
