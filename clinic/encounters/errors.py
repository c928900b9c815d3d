"""What can go wrong with a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clinic.core.db import constraint_means
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _


class NoteLocked(Conflict):
    """The note is signed: it can only be added to."""

    code = "note_locked"

    def __init__(self) -> None:
        super().__init__(_("This note is signed and can no longer change. Write an addendum instead."))


class NotReady(Invalid):
    """A note cannot be signed yet. ``problems`` maps form names to words; ``missing`` are the labels of
    empty fields.
    """

    code = "not_ready"

    def __init__(self, problems: Mapping[str, str], missing: Sequence[str]) -> None:
        super().__init__(
            _("This cannot be signed yet. Look at what is marked."), field=next(iter(problems), None)
        )
        self.problems = dict(problems)
        self.missing = list(missing)


constraint_means("notes_signed_locked", NoteLocked)
constraint_means("vital_signs_signed_locked", NoteLocked)
