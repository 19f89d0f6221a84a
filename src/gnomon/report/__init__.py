"""Pages and figures from a run."""

from gnomon.report.annotations import known_landmarks
from gnomon.report.evaluation_page import write_page
from gnomon.report.evaluation_record import EvaluatedRun, evaluation_folder, write_record
from gnomon.report.page import write_report
from gnomon.report.paper_figures import FigureFormat, write_figures

__all__ = [
    "EvaluatedRun",
    "FigureFormat",
    "evaluation_folder",
    "known_landmarks",
    "write_figures",
    "write_page",
    "write_record",
    "write_report",
]
