"""What the intake form asks, section by section, and how answers become details of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from clinic.core import crypto
from clinic.core.i18n import gettext as _
from clinic.patients.details import AllergyEntry

ALLERGY_LINES = 3
MEDICINE_LINES = 6


class Section(StrEnum):
    """The sections in their order."""

    ABOUT = "about"
    ADDRESS = "address"
    BODY = "body"
    EMERGENCY = "emergency"
    ALLERGIES = "allergies"
    MEDICINES = "medicines"
    HISTORY = "history"
    INSURANCE = "insurance"
    CONSENTS = "consents"


NEEDED = frozenset({Section.ABOUT, Section.EMERGENCY, Section.ALLERGIES})
"""Sections without which nothing is sent in: who it is, whom to call, what would do harm."""
Answers = Mapping[str, Mapping[str, str]]
"""What was entered, by section and field, exactly as typed."""

MEDICINE_FIELDS = ("medicine", "dose", "often")
FIELDS: dict[Section, tuple[str, ...]] = {
    Section.ABOUT: ("name", "birth_date", "sex", "blood_group", "email", "locale"),
    Section.ADDRESS: ("line", "city", "postal_code", "state"),
    Section.BODY: ("height", "weight", "prakriti"),
    Section.EMERGENCY: ("emergency_name", "emergency_phone", "emergency_relationship"),
    Section.ALLERGIES: (
        "allergies_asked",
        *(f"{what}_{line}" for line in range(1, ALLERGY_LINES + 1) for what in ("substance", "reaction")),
    ),
    Section.MEDICINES: (
        "medicines_asked",
        *(f"{what}_{line}" for line in range(1, MEDICINE_LINES + 1) for what in MEDICINE_FIELDS),
    ),
    Section.HISTORY: ("conditions", "operations", "family_history"),
    Section.INSURANCE: ("insurer", "policy_number", "insured_until"),
    Section.CONSENTS: (),
}
"""The fields of each section; a section keeps no others. Consents are signed, and kept elsewhere."""
SEALED = frozenset({"policy_number"})
"""Answers that are sealed before they are kept."""
OF_PATIENT = frozenset(
    {*FIELDS[Section.ABOUT], *FIELDS[Section.ADDRESS], *FIELDS[Section.EMERGENCY], "prakriti"}
)
"""Answers that are columns of a patient under the same name."""


@dataclass(frozen=True, kw_only=True)
class MedicineEntry:
    """A medicine as somebody wrote it down."""

    name: str
    dose: str | None = None
    often: str | None = None


@dataclass(frozen=True, kw_only=True)
class InsuranceEntry:
    """An insurer as typed, with the policy's number in plain."""

    insurer: str
    policy_number: str = ""
    valid_until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far somebody is: the sections they are asked, those done, and the first that is not."""

    sections: tuple[Section, ...]
    done: frozenset[Section]
    first_open: Section | None

    @property
    def ready(self) -> bool:
        """Whether nothing is missing that the clinic cannot do without."""
        return self.done >= NEEDED


def sections_asked(*, consents: bool) -> tuple[Section, ...]:
    """The sections of a form, in order. Consents are asked of who is signed in, where the clinic has any."""
    return tuple(section for section in Section if consents or section is not Section.CONSENTS)


def progress_of(complete: Mapping[str, bool], asked: tuple[Section, ...] = ()) -> Progress:
    """The progress from what is kept: section → whether it was saved without a fault."""
    asked = asked or sections_asked(consents=False)
    done = frozenset(section for section in asked if complete.get(section))
    still = [section for section in asked if section not in done]
    return Progress(sections=asked, done=done, first_open=still[0] if still else None)


def after(section: Section, asked: tuple[Section, ...]) -> Section | None:
    """The section that follows, None after the last."""
    place = asked.index(section) + 1
    return asked[place] if place < len(asked) else None


def before(section: Section, asked: tuple[Section, ...]) -> Section | None:
    """The section that comes before, None before the first."""
    place = asked.index(section)
    return asked[place - 1] if place else None


def title_of(section: Section) -> str:
    """The heading of a section, in the reader's language."""
    return {
        Section.ABOUT: _("About you"),
        Section.ADDRESS: _("Your address"),
        Section.BODY: _("Your body"),
        Section.EMERGENCY: _("In an emergency"),
        Section.ALLERGIES: _("Allergies"),
        Section.MEDICINES: _("Medicines you take"),
        Section.HISTORY: _("Your health so far"),
        Section.INSURANCE: _("Health insurance"),
        Section.CONSENTS: _("What you agree to"),
    }[section]


def sealed(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers as they are kept: what is nobody else's business sealed."""
    return {name: crypto.seal(text) if name in SEALED and text else text for name, text in answers.items()}


def opened(answers: Mapping[str, Any]) -> dict[str, str]:
    """The answers as they were typed; empty for what no key opens."""
    return {
        name: (crypto.unseal(str(text)) or "") if name in SEALED and text else str(text)
        for name, text in answers.items()
    }


def entered(answers: Answers) -> dict[str, str]:
    """All answers that are fields of a patient and not empty; the illnesses as one text."""
    found = {
        field: values[field]
        for section in Section
        if (values := answers.get(section, {}))
        for field in FIELDS[section]
        if field in OF_PATIENT and values.get(field)
    }
    if history := history_text(answers.get(Section.HISTORY, {})):
        found["medical_history"] = history
    return found


def history_text(answers: Mapping[str, str]) -> str:
    """Illnesses, operations and what runs in the family as one text, each under its name."""
    parts = (
        ("", answers.get("conditions", "")),
        (_("Operations"), answers.get("operations", "")),
        (_("In the family"), answers.get("family_history", "")),
    )
    return "\n".join(
        f"{label}: {text.strip()}" if label else text.strip() for label, text in parts if text.strip()
    )


def entered_allergies(answers: Answers) -> tuple[AllergyEntry, ...]:
    """The allergies that were entered, in the order they were typed."""
    kept = answers.get(Section.ALLERGIES, {})
    lines = (
        (kept.get(f"substance_{line}", ""), kept.get(f"reaction_{line}", ""))
        for line in range(1, ALLERGY_LINES + 1)
    )
    return tuple(
        AllergyEntry(substance=substance, reaction=reaction or None)
        for substance, reaction in lines
        if substance
    )


def entered_medicines(answers: Answers) -> tuple[MedicineEntry, ...]:
    """The medicines that were entered, in the order they were typed."""
    kept = answers.get(Section.MEDICINES, {})
    lines = (
        [kept.get(f"{what}_{line}", "") or None for what in MEDICINE_FIELDS]
        for line in range(1, MEDICINE_LINES + 1)
    )
    return tuple(MedicineEntry(name=name, dose=dose, often=often) for name, dose, often in lines if name)


def says_none_known(answers: Answers) -> bool:
    """Whether the patient said that they know of no allergy."""
    return answers.get(Section.ALLERGIES, {}).get("allergies_asked") == "none" and not entered_allergies(
        answers
    )
