"""The practitioner's pages: the day, and the notes of its visits."""

from clinic.encounters.views import (
    after_signing,
    assessments,
    diagnoses,
    drafts,
    my_day,
    notes,
    papers,
    settling,
    taking_vitals,
)
from clinic.encounters.views.blueprint import bp
from clinic.encounters.views.note_templates import bp as note_templates_pages
from clinic.encounters.views.snippets import bp as snippets_pages

blueprints = (bp, note_templates_pages, snippets_pages)

__all__ = [
    "after_signing",
    "assessments",
    "blueprints",
    "diagnoses",
    "drafts",
    "my_day",
    "notes",
    "papers",
    "settling",
    "taking_vitals",
]
