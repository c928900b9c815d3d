"""What can go wrong with a prescription."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clinic.core.db import constraint_means
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _


class PrescriptionLocked(Conflict):
    """The prescription is signed: it can be stopped or written anew."""

    code = "prescription_locked"

    def __init__(self) -> None:
        super().__init__(
            _("This prescription is signed and can no longer change. Stop it, or write a new version.")
        )


class Moved(Conflict):
    """Somebody saved it meanwhile: another tab, another device."""

    code = "prescription_moved"

    def __init__(self) -> None:
        super().__init__(_("This prescription was changed in another window meanwhile."))


class NoRegistration(Invalid):
    """The law wants a registration number on every prescription."""

    code = "no_registration"

    def __init__(self) -> None:
        super().__init__(
            _(
                "You cannot sign yet: your registration number is missing. Ask whoever manages the clinic to "
                "write it down under Practitioners; what you wrote here is kept."
            )
        )


class NotReady(Invalid):
    """It cannot be signed yet: ``problems`` maps form names to words, ``findings`` are warnings and blocks
    that nobody has settled.
    """

    code = "not_ready"

    def __init__(self, problems: Mapping[str, str], findings: Sequence[Any] = ()) -> None:
        super().__init__(
            _("This cannot be signed yet. Look at what is marked."), field=next(iter(problems), None)
        )
        self.problems = dict(problems)
        self.findings = list(findings)


constraint_means("prescriptions_signed_locked", PrescriptionLocked)
constraint_means("prescription_lines_signed_locked", PrescriptionLocked)
constraint_means("prescription_acceptances_locked", PrescriptionLocked)
