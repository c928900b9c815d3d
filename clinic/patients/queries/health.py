"""What is known of a patient's health now, and what of it nobody may overlook."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something for the head of the page. ``tone`` is ``danger``, ``warn`` or ``info``."""

    title: str
    text: str = ""
    tone: str = "warn"


def alerts_of(patient_id: int) -> list[Alert]:
    """What nobody who treats the patient may overlook besides allergies: a pregnancy, nursing."""
    _ = patient_id
    return []
