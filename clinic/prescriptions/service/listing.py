"""The clinic's list of medicines, changed by the clinic. Prescriptions keep their own words: none changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.prescriptions.medicines import MedicineTyped
from clinic.prescriptions.models import Medicine

MAY_LIST = frozenset({Role.PRACTITIONER, Role.ADMIN})


class AlreadyListed(Conflict):
    """The list names each medicine once of its kind."""

    code = "medicine_listed"

    def __init__(self) -> None:
        super().__init__(_("The list has a medicine of this name already, perhaps among the retired."))
        self.field = "name"


def save_medicine(
    actor: Actor, medicine: Medicine | None, typed: MedicineTyped, *, seen: datetime | None = None
) -> int:
    """Change a medicine that was last changed at ``seen`` when the page showed it, or add one; its id.

    Raises Forbidden, Invalid beside its field, AlreadyListed, and Conflict when somebody else changed it
    first.
    """
    _check_may(actor)
    for field, words in typed.problems.items():
        raise Invalid(words, field=field)
    values = typed.columns
    twin = select(Medicine.id).where(Medicine.kind == values["kind"], Medicine.name == values["name"])
    if medicine is not None:
        twin = twin.where(Medicine.id != medicine.id)
    if db.session.scalar(twin) is not None:
        raise AlreadyListed
    kept = values | {"changed_at": clock.now(), "changed_by": actor.user_id}
    if medicine is None:
        added = Medicine(**kept)
        db.session.add(added)
        db.session.flush()
        medicine_id = added.id
    else:
        changed = db.session.scalar(
            update(Medicine)
            .where(Medicine.id == medicine.id, Medicine.changed_at.is_not_distinct_from(seen))
            .values(**kept)
            .returning(Medicine.id)
            .execution_options(synchronize_session=False)
        )
        if changed is None:
            raise Conflict(_("Somebody else changed this medicine meanwhile. Look at it once more."))
        medicine_id = changed
        db.session.expire(medicine)
    _note(actor, "medicine.saved", medicine_id)
    return medicine_id


def retire_medicine(actor: Actor, medicine: Medicine, *, active: bool) -> None:
    """Let it no longer be suggested, or bring it back. Raises Forbidden."""
    _check_may(actor)
    if medicine.active is active:
        return
    medicine.active = active
    medicine.changed_at, medicine.changed_by = clock.now(), actor.user_id
    _note(actor, "medicine.brought_back" if active else "medicine.retired", medicine.id)


def _check_may(actor: Actor) -> None:
    if not actor.has(*MAY_LIST):
        raise Forbidden(_("Only practitioners and administrators change the list of medicines."))


def _note(actor: Actor, action: str, medicine_id: int) -> None:
    record(actor, action, subject_type="medicine", subject_id=medicine_id)


constraint_means("uq_medicines_name", AlreadyListed)
