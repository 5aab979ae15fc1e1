"""The audit of maps, inverses and log-dets that people wrote by hand."""

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.report import Report
from symbij.audit.run import verify

__all__ = ["Check", "Report", "Status", "Witness", "verify"]
