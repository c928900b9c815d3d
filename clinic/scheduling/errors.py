"""What can go wrong when time is claimed."""

from __future__ import annotations

from collections.abc import Sequence

from clinic.core.db import constraint_means
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling.slots import Slot


class SlotTaken(Conflict):
    """Somebody else has the time. ``alternatives`` are the nearest places that were free when this was
    raised.
    """

    code = "slot_taken"

    def __init__(
        self, message: str | None = None, *, alternatives: Sequence[Slot] = (), field: str | None = "slot"
    ) -> None:
        super().__init__(message or _("This time was just taken."), field=field)
        self.alternatives = list(alternatives)


class PatientBusy(SlotTaken):
    """The patient has another visit at that time."""

    code = "patient_busy"

    def __init__(self, *, alternatives: Sequence[Slot] = ()) -> None:
        super().__init__(_("The patient already has a visit at that time."), alternatives=alternatives)


class OutsideRules(Invalid):
    """A time or person that may not be booked. ``can_override`` says whether a reason would make it
    possible.
    """

    code = "outside_rules"

    def __init__(self, message: str, *, field: str | None = "slot", can_override: bool = False) -> None:
        super().__init__(message, field=field)
        self.can_override = can_override


class ChangedMeanwhile(Conflict):
    """The visit is no longer as the person saw it."""

    code = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(_("Somebody changed this visit meanwhile. Look at it as it stands now."))


constraint_means("ex_allocations_unit_overlap", SlotTaken)
constraint_means("ex_appointments_patient_overlap", PatientBusy)
constraint_means("uq_appointments_seat", SlotTaken)
constraint_means("appointments_next_status", ChangedMeanwhile)
