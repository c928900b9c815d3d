"""Why visits are cancelled or missed: a short list to choose from, in words."""

from __future__ import annotations

from collections.abc import Iterable

from clinic.core.i18n import lazy as _l
from clinic.scheduling.models import EndedBy, EndReason

WORDS = {
    EndReason.PATIENT_ASKED: _l("The patient asked"),
    EndReason.UNWELL: _l("Feeling unwell"),
    EndReason.NO_TRANSPORT: _l("No way to get here"),
    EndReason.FORGOT: _l("Forgotten"),
    EndReason.NOT_REACHED: _l("Could not be reached"),
    EndReason.PRACTITIONER_AWAY: _l("Practitioner away"),
    EndReason.CLINIC_CLOSED: _l("Clinic closed"),
    EndReason.WRONG_BOOKING: _l("Booked by mistake"),
    EndReason.OTHER: _l("Something else"),
}
OWN_WORDS = {
    EndReason.PATIENT_ASKED: _l("Another time suits me better"),
    EndReason.UNWELL: _l("I am unwell"),
    EndReason.NO_TRANSPORT: _l("I cannot get there"),
    EndReason.WRONG_BOOKING: _l("I booked by mistake"),
    EndReason.OTHER: _l("Something else"),
}
"""What patients choose from, said by themselves."""
BY = {
    EndedBy.PATIENT: _l("by the patient"),
    EndedBy.PRACTITIONER: _l("by the practitioner"),
    EndedBy.STAFF: _l("by the clinic"),
    EndedBy.SYSTEM: _l("by itself"),
}
_MISSED = (
    EndReason.FORGOT,
    EndReason.NOT_REACHED,
    EndReason.UNWELL,
    EndReason.NO_TRANSPORT,
    EndReason.OTHER,
)
_CANCELLED = tuple(reason for reason in EndReason if reason not in (EndReason.FORGOT, EndReason.NOT_REACHED))


def choices(step: str) -> list[tuple[str, str]]:
    """Code and words to choose from at a step (``cancel`` or ``no-show``), in the reader's language."""
    return _choices(_MISSED if step == "no-show" else _CANCELLED)


def own_choices() -> list[tuple[str, str]]:
    """Code and words for a patient who cancels."""
    return [(reason.value, str(words)) for reason, words in OWN_WORDS.items()]


def read_code(text: str | None) -> EndReason | None:
    """The reason with this code; None for anything else."""
    try:
        return EndReason((text or "").strip())
    except ValueError:
        return None


def in_words(code: str | None, more: str | None = None) -> str:
    """A reason in words: ``Feeling unwell: fever since Monday``. Empty where nothing was said."""
    known = read_code(code)
    if known is None or (known is EndReason.OTHER and more):
        return more or ""
    return f"{WORDS[known]}: {more}" if more else str(WORDS[known])


def by_words(kind: str | None) -> str:
    """Who ended a visit, in words; empty where it is not known."""
    return str(BY[EndedBy(kind)]) if kind in set(EndedBy) else ""


def _choices(reasons: Iterable[EndReason]) -> list[tuple[str, str]]:
    return [(reason.value, str(WORDS[reason])) for reason in reasons]
