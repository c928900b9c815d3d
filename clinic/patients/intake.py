"""What the intake form asks, section by section, and how answers become details of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.i18n import gettext as _
from clinic.patients.details import AllergyEntry

ALLERGY_LINES = 3


class Section(StrEnum):
    """The sections in their order."""

    ABOUT = "about"
    ADDRESS = "address"
    EMERGENCY = "emergency"
    HEALTH = "health"
    CONSTITUTION = "constitution"


OPTIONAL = frozenset({Section.CONSTITUTION})
"""Sections that may stay empty without a word."""
Answers = Mapping[str, Mapping[str, str]]
"""What was entered, by section and field, exactly as typed."""

FIELDS: dict[Section, tuple[str, ...]] = {
    Section.ABOUT: ("name", "birth_date", "sex", "email", "locale"),
    Section.ADDRESS: ("line", "city", "postal_code", "state"),
    Section.EMERGENCY: ("emergency_name", "emergency_phone", "emergency_relationship"),
    Section.HEALTH: (
        "allergies_asked",
        *(f"{what}_{line}" for line in range(1, ALLERGY_LINES + 1) for what in ("substance", "reaction")),
        "medical_history",
        "blood_group",
    ),
    Section.CONSTITUTION: ("prakriti",),
}
"""The fields of each section; a section keeps no others."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far somebody is: the sections with their state, and the first that is not done."""

    done: frozenset[Section]
    first_open: Section | None

    @property
    def ready(self) -> bool:
        return all(section in self.done or section in OPTIONAL for section in Section)


def progress_of(complete: Mapping[str, bool]) -> Progress:
    """The progress from what is kept: section → whether it was saved without a fault."""
    done = frozenset(section for section in Section if complete.get(section))
    still = [section for section in Section if section not in done]
    return Progress(done=done, first_open=still[0] if still else None)


def after(section: Section) -> Section | None:
    """The section that follows, None after the last."""
    order = list(Section)
    place = order.index(section) + 1
    return order[place] if place < len(order) else None


def before(section: Section) -> Section | None:
    """The section that comes before, None before the first."""
    place = list(Section).index(section)
    return list(Section)[place - 1] if place else None


def title_of(section: Section) -> str:
    """The heading of a section, in the reader's language."""
    return {
        Section.ABOUT: _("About you"),
        Section.ADDRESS: _("Your address"),
        Section.EMERGENCY: _("In an emergency"),
        Section.HEALTH: _("Health and allergies"),
        Section.CONSTITUTION: _("Your constitution"),
    }[section]


def entered(answers: Answers) -> dict[str, str]:
    """All single answers that are not empty, by field; the allergies apart."""
    allergy_fields = {"allergies_asked"} | {
        name for name in FIELDS[Section.HEALTH] if name.startswith(("substance_", "reaction_"))
    }
    return {
        field: values[field]
        for section in Section
        if (values := answers.get(section, {}))
        for field in FIELDS[section]
        if field not in allergy_fields and values.get(field)
    }


def entered_allergies(answers: Answers) -> tuple[AllergyEntry, ...]:
    """The allergies that were entered, in the order they were typed."""
    health = answers.get(Section.HEALTH, {})
    lines = (
        (health.get(f"substance_{line}", ""), health.get(f"reaction_{line}", ""))
        for line in range(1, ALLERGY_LINES + 1)
    )
    return tuple(
        AllergyEntry(substance=substance, reaction=reaction or None)
        for substance, reaction in lines
        if substance
    )


def says_none_known(answers: Answers) -> bool:
    """Whether the patient said that they know of no allergy."""
    return answers.get(Section.HEALTH, {}).get("allergies_asked") == "none" and not entered_allergies(answers)
