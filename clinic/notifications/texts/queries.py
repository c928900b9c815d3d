"""Reading the texts a clinic has written: the one that holds, all that hold, the versions of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.notifications.models import MessageText

GROUP = 1
"""The clinic group whose texts are edited: an installation serves one."""
NEWEST = 100
"""So many versions are listed."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which text is meant: of a kind of message, in a form (``TextForm``) and a language."""

    kind: str
    form: str
    locale: str
    group_id: int = GROUP


def standing_text(place: Place) -> MessageText | None:
    """The version that holds, which may say that the standard text does; None when there never was one."""
    return db.session.scalars(_versions(place).limit(1)).first()


def standing_texts(group_id: int = GROUP) -> dict[tuple[str, str, str], MessageText]:
    """Every version that holds, by kind, form and language."""
    rows = db.session.scalars(
        select(MessageText)
        .where(MessageText.group_id == group_id)
        .distinct(MessageText.kind, MessageText.form, MessageText.locale)
        .order_by(MessageText.kind, MessageText.form, MessageText.locale, MessageText.number.desc())
    )
    return {(row.kind, row.form, row.locale): row for row in rows}


def versions(place: Place) -> Sequence[MessageText]:
    """The versions of a text, the newest first, at most ``NEWEST``."""
    return db.session.scalars(_versions(place).limit(NEWEST)).all()


def get_version(place: Place, number: int) -> MessageText:
    """One version. Raises NotFound."""
    found = db.session.scalars(_versions(place).where(MessageText.number == number)).first()
    if found is None:
        raise NotFound(_("There is no such version."))
    return found


def _versions(place: Place) -> Select[MessageText]:
    return (
        select(MessageText)
        .where(
            MessageText.group_id == place.group_id,
            MessageText.kind == place.kind,
            MessageText.form == place.form,
            MessageText.locale == place.locale,
        )
        .order_by(MessageText.number.desc())
    )
