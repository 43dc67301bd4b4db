"""Statistics, charts and pages."""

from activation.reporting.page import ReportSummary, write_report

__all__ = ["ReportSummary", "write_report"]
