"""Pages and figures from a run."""

from gnomon.report.evaluation_page import write_page
from gnomon.report.evaluation_record import EvaluatedRun, evaluation_folder, write_record
from gnomon.report.page import write_report

__all__ = ["EvaluatedRun", "evaluation_folder", "write_page", "write_record", "write_report"]
