"""What papers are called."""

from __future__ import annotations

from typing import Any

from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.records.models import PaperKind, PaperSource

KINDS: tuple[tuple[str, Any], ...] = (
    (PaperKind.LAB_REPORT, _l("Lab report")),
    (PaperKind.PRESCRIPTION, _l("Prescription")),
    (PaperKind.DISCHARGE_SUMMARY, _l("Discharge summary")),
    (PaperKind.VACCINATION, _l("Vaccination")),
    (PaperKind.DOCTORS_NOTE, _l("Doctor's note")),
    (PaperKind.OTHER, _l("Other paper")),
)
"""In the order they are offered."""
BOOKING_KINDS = KINDS[:2]
"""What may come with a booking."""
NOT_SHOWN_AT_FIRST = frozenset({PaperKind.DOCTORS_NOTE})
"""Kinds that staff show to the patient only when they say so."""


def kind_word(kind: str) -> Any:
    """The (lazy) word for a kind."""
    return dict(KINDS)[PaperKind(kind)]


def source_words(source: str) -> str:
    """How it came."""
    match PaperSource(source):
        case PaperSource.PATIENT:
            return _("From the patient")
        case PaperSource.BOOKING:
            return _("Came with a booking")
        case _:
            return _("Added by the clinic")


def size_words(size: int) -> str:
    """A size in bytes as people read it: 1.4 MB, 320 KB."""
    if size >= 1_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{max(size // 1000, 1)} KB"
