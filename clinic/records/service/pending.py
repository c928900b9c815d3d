"""Files chosen in a form that is not sent yet: kept under the form's key, so that a refused form has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, delete, func, select

from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.records.models import PaperKind, PendingUpload
from clinic.records.service.adding import FileIn
from clinic.records.uploads import MOST_ON_A_BOOKING


def keep(actor: Actor, form_key: str, files: Sequence[FileIn], kind: str) -> None:
    """Remember files for a form. Raises Invalid for more than five, Conflict for one that is there."""
    if not form_key or actor.user_id is None:
        raise Invalid(_("Open the form again, then choose the files."), field="papers")
    count = db.session.scalar(select(func.count()).select_from(PendingUpload).where(*_of(actor, form_key)))
    if (count or 0) + len(files) > MOST_ON_A_BOOKING:
        raise Invalid(_("A booking takes at most %(max)s files.", max=MOST_ON_A_BOOKING), field="papers")
    for one in files:
        db.session.add(
            PendingUpload(user_id=actor.user_id, form_key=form_key, kind=PaperKind(kind), **vars(one))
        )
    db.session.flush()


def kept(actor: Actor, form_key: str) -> list[PendingUpload]:
    """What was chosen in a form so far."""
    found = select(PendingUpload).where(*_of(actor, form_key)).order_by(PendingUpload.id)
    return list(db.session.scalars(found)) if form_key else []


def let_go(actor: Actor, form_key: str, upload_id: int) -> str | None:
    """Take one away again; the stem of its files, to be forgotten once this is committed."""
    gone = delete(PendingUpload).where(*_of(actor, form_key), PendingUpload.id == upload_id)
    return db.session.scalar(gone.returning(PendingUpload.stem))


def take(actor: Actor, form_key: str) -> list[tuple[str, FileIn]]:
    """Everything of a form with its kind, out of the waiting room and into the hands of the caller, in one
    transaction with what the caller makes of it.
    """
    gone = delete(PendingUpload).where(*_of(actor, form_key)).returning(PendingUpload)
    rows = sorted(db.session.scalars(gone), key=lambda row: row.id)
    return [
        (row.kind, FileIn(**{part.name: getattr(row, part.name) for part in fields(FileIn)})) for row in rows
    ]


def _of(actor: Actor, form_key: str) -> tuple[ColumnElement[bool], ...]:
    return (PendingUpload.user_id == actor.user_id, PendingUpload.form_key == form_key)


constraint_means(
    "uq_pending_uploads_same_file", lambda: Conflict(_("This file is chosen already."), field="papers")
)
