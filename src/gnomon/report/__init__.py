"""Pages and figures from a run."""

from gnomon.report.annotations import known_landmarks
from gnomon.report.evaluation_files import write_evaluation
from gnomon.report.evaluation_record import EvaluatedRun
from gnomon.report.page import write_report
from gnomon.report.paper_figures import FigureFormat, write_figures

__all__ = [
    "EvaluatedRun",
    "FigureFormat",
    "known_landmarks",
    "write_evaluation",
    "write_figures",
    "write_report",
]
