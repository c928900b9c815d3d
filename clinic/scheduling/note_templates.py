"""What a service's notes may begin with. The domain above that keeps the templates says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clinic.core.i18n import gettext as _

STANDARD = "soap"
"""What a service begins with that says nothing else."""

Names = Callable[[int], Sequence[tuple[str, str]]]
_names: list[Names] = []


def register_note_templates(names: Names) -> None:
    """Let ``names(facility_id)`` give the codes and names of the templates a clinic may use."""
    _names[:] = [names]


def note_template_choices(facility_id: int, kept: str = STANDARD) -> list[tuple[str, str]]:
    """Codes with their words, the standard first; ``kept``, what a service has now, even if it is unknown."""
    known = dict(_names[0](facility_id)) if _names else {}
    known.pop(STANDARD, None)
    choices = [(STANDARD, _("Consultation (the default)")), *known.items()]
    if kept and kept != STANDARD and kept not in known:
        choices.append((kept, _("%(template)s (not among the templates)", template=kept)))
    return choices
