"""The practitioner's pages: the day, and the notes of its visits."""

from clinic.encounters.views import after_signing, assessments, diagnoses, my_day, notes, settling
from clinic.encounters.views.blueprint import bp

blueprints = (bp,)

__all__ = ["after_signing", "assessments", "blueprints", "diagnoses", "my_day", "notes", "settling"]
