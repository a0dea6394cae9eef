"""``frontier.html``: the frontier to look at, in one file that needs nothing else."""

from vsr.frontier.report.page import write_report

__all__ = ["write_report"]
