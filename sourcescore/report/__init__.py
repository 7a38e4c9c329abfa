"""What people read: see `report`; `html`, `markup`, `palette` and `assets` make the page."""

from sourcescore.report.report import Report

__all__ = ["Report"]
