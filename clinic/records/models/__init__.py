"""Rows of this domain."""

from clinic.records.models.papers import EXTENSIONS, Paper, PaperKind, PaperSource, PendingUpload, Scan
from clinic.records.models.verification import VerifiableCopy

__all__ = ["EXTENSIONS", "Paper", "PaperKind", "PaperSource", "PendingUpload", "Scan", "VerifiableCopy"]
