"""A prescription as it stands on paper: plain texts in the reader's language, and nothing to look up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SheetLine:
    """One medicine. ``name`` is the generic name (or the Ayurvedic preparation with its form of making),
    ``dosing`` the notation (``1-0-1``), ``plain`` the same in words; what does not apply is empty.
    """

    number: int
    name: str
    form: str
    strength: str
    dosing: str
    plain: str
    duration: str
    quantity: str
    route: str
    instructions: str
    brand: str
    anupana: str
    sevana_kala: str
    substitution: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A whole prescription. Prose is in the language ``locale`` names; names, numbers and addresses are as
    they were written. ``is_draft`` and ``withdrawn`` (why it no longer holds) are said across the paper;
    ``overrides`` are the warnings the practitioner set aside, with the reason.
    """

    locale: str
    clinic_name: str
    clinic_address: str
    clinic_phone: str
    clinic_email: str
    practitioner_name: str
    qualification: str
    registration: str
    practitioner_phone: str
    patient_name: str
    patient_facts: str
    patient_address: str
    patient_phone: str
    mrn: str
    written_on: str
    valid_until: str
    reference: str
    diagnoses: tuple[str, ...]
    allergies: str
    vitals: str
    general: tuple[SheetLine, ...]
    ayurvedic: tuple[SheetLine, ...]
    pathya: tuple[str, ...]
    apathya: tuple[str, ...]
    tests: tuple[str, ...]
    advice: str
    review_on: str
    signed_at: str
    signature_name: str
    verify_code: str
    verify_url: str
    is_draft: bool
    withdrawn: str
    overrides: tuple[str, ...]
