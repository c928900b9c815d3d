"""What is kept to be written again: starred lines, and sets of lines under a name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.prescriptions import lists, queries
from clinic.prescriptions.models import Favourite, Prescription, PrescriptionSet
from clinic.prescriptions.policy import own_practitioner
from clinic.prescriptions.reading import LineRead, line_of, read_line, texts_of
from clinic.prescriptions.service.beginning import author_of

LONGEST_NAME = 100
TEXTS = ("advice", "pathya", "apathya", "tests")


class NameTaken(Conflict):
    """There is a set of this name."""

    code = "set_name_taken"

    def __init__(self) -> None:
        super().__init__(_("There is a set of this name. Choose another."), field="set-name")


constraint_means("uq_prescription_sets_own", NameTaken)
constraint_means("uq_prescription_sets_shared", NameTaken)


def star(actor: Actor, prescription: Prescription, line_id: int) -> bool:
    """Star a line as it stands, or take the star off a medicine that has one; says whether it has one now."""
    author = author_of(actor)
    row = next((row for row in queries.lines_of(prescription.id) if row.id == line_id), None)
    if row is None or not row.name:
        raise NotFound(_("There is no such medicine on this prescription."))
    line = line_of(row)
    taken_off = db.session.scalar(
        delete(Favourite)
        .where(Favourite.practitioner_id == author.id, Favourite.search_name == lists.key_of(line.name))
        .returning(Favourite.id)
    )
    if taken_off is not None:
        return False
    db.session.execute(
        insert(Favourite)
        .values(
            practitioner_id=author.id,
            name=line.name,
            search_name=lists.key_of(line.name),
            line=_without_quantity(line),
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_prescription_favourites_once")
    )
    return True


def drop_favourite(actor: Actor, favourite_id: int) -> None:
    """Take a star off. Raises NotFound for anybody else's."""
    dropped = db.session.scalar(
        delete(Favourite)
        .where(Favourite.id == favourite_id, Favourite.practitioner_id == own_practitioner(actor))
        .returning(Favourite.id)
    )
    if dropped is None:
        raise NotFound(_("There is no such favourite."))


def save_set(actor: Actor, prescription: Prescription, name: str, *, shared: bool) -> PrescriptionSet:
    """Keep the lines and texts of a prescription as a set: one's own, or the clinic's.

    Raises Invalid for no name or no lines, NameTaken for one that is in use.
    """
    author = author_of(actor)
    name = one_line(name)
    if not name:
        raise Invalid(_("Give the set a name."), field="set-name")
    if len(name) > LONGEST_NAME:
        raise Invalid(_("At most %(count)s characters.", count=LONGEST_NAME), field="set-name")
    lines = [line_of(row) for row in queries.lines_of(prescription.id)]
    if not lines:
        raise Invalid(_("Add a medicine first."), field="set-name")
    kept = PrescriptionSet(
        facility_id=prescription.facility_id,
        practitioner_id=None if shared else author.id,
        name=name,
        search_name=fold(name) or name,
        lines=[_without_quantity(line) for line in lines],
        texts={text: getattr(prescription, text) for text in TEXTS if getattr(prescription, text)},
        made_by=actor.user_id,
    )
    db.session.add(kept)
    db.session.flush()
    _log(actor, "prescription_set.saved", kept)
    return kept


def set_lines(found: PrescriptionSet) -> list[LineRead]:
    """The lines a set puts on a prescription."""
    return [read_line(texts) for texts in found.lines]


def share_set(actor: Actor, set_id: int, facility_ids: Sequence[int], *, shared: bool) -> None:
    """Give one's own set to the clinic, or make a clinic's set that one made one's own again."""
    author = author_of(actor)
    found = lists.get_set(actor, set_id, facility_ids)
    if found.made_by != actor.user_id:
        raise Forbidden(_("Only the person who made this set shares it."))
    found.practitioner_id = None if shared else author.id
    db.session.flush()
    _log(actor, "prescription_set.shared" if shared else "prescription_set.unshared", found)


def remove_set(actor: Actor, set_id: int, facility_ids: Sequence[int]) -> PrescriptionSet:
    """Put a set away; ``restore_set`` brings it back. Of the clinic's only whoever made it may."""
    found = lists.get_set(actor, set_id, facility_ids)
    if found.practitioner_id is None and found.made_by != actor.user_id:
        raise Forbidden(_("Only the person who made this set removes it."))
    found.removed_at = clock.now()
    db.session.flush()
    _log(actor, "prescription_set.removed", found)
    return found


def restore_set(actor: Actor, set_id: int) -> None:
    """Bring back a set that this person put away. Raises NotFound."""
    known = db.session.scalar(
        select(PrescriptionSet.id).where(
            PrescriptionSet.id == set_id, PrescriptionSet.made_by == actor.user_id
        )
    )
    if known is None:
        raise NotFound(_("There is no such set."))
    db.session.execute(update(PrescriptionSet).where(PrescriptionSet.id == set_id).values(removed_at=None))
    _log(actor, "prescription_set.restored", db.session.get_one(PrescriptionSet, set_id))


def _without_quantity(line: LineRead) -> dict[str, str]:
    """The texts of a line to be written again: the quantity follows from the days of the next patient."""
    return {name: text for name, text in texts_of(line).items() if text and name != "quantity"}


def _log(actor: Actor, action: str, kept: PrescriptionSet) -> None:
    record(actor, action, subject_type="prescription_set", subject_id=kept.id, facility_id=kept.facility_id)
