"""Pages and figures from a run."""

from gnomon.report.page import write_report

__all__ = ["write_report"]
