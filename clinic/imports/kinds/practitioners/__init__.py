"""Practitioners: who gives care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import ngettext
from clinic.imports.kinds.base import Context, Kind, Reading, Record, Touched
from clinic.imports.kinds.comparing import said_of
from clinic.imports.kinds.practitioners import judging, reading, undoing, writing
from clinic.imports.kinds.practitioners.fields import FIELDS
from clinic.imports.models import ImportRow
from clinic.practitioners.models import Practitioner

SAMPLE = (
    ("Name", "Speciality", "Qualification", "Years of experience", "Licence number", "Mobile", "E-mail"),
    ("Dr Meera Nair", "Kayachikitsa", "BAMS, MD (Ayu)", "12", "KA-48211", "98450 00003", "meera@example.com"),
    ("डॉ. अनिल जोशी", "पंचकर्म", "BAMS", "5 वर्ष", "MH-20417", "98450 00004", ""),
)
SHOWN = (
    ("name", _l("Name")),
    ("sex", _l("Sex")),
    ("specialization", _l("Speciality")),
    ("qualification", _l("Qualification")),
    ("experience_years", _l("Years of experience")),
    ("licence_number", _l("Licence number")),
    ("registration_number", _l("Registration number")),
    ("default_minutes", _l("Usual length of a visit")),
    ("phone", _l("Telephone")),
    ("email", _l("E-mail")),
    ("line", _l("House and street")),
    ("city", _l("City or village")),
    ("state", _l("State")),
    ("postal_code", _l("PIN code")),
    ("country", _l("Country")),
    ("active", _l("In use")),
)


class Practitioners(Kind):
    """Lines that are practitioners. They come in unverified, with a place in the facility's calendar."""

    name = "practitioners"
    label = _l("Practitioners")
    batch = 500
    roles = (Role.ADMIN, Role.FACILITY_ADMIN)
    fields = FIELDS
    shown = SHOWN
    sample = SAMPLE

    def read(self, cells: Mapping[str, str], context: Context) -> Reading:
        """What a line says."""
        return reading.read_practitioner(cells, context)

    def judge(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """New, here already, or maybe somebody known."""
        judging.judge(context, rows)

    def write(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """Enter practitioners, and fill in what is missing."""
        writing.write_rows(context, rows)

    def worked_on(self, context: Context) -> list[Touched]:
        """Practitioners somebody has worked on or with since."""
        return undoing.worked_on(context)

    def undo(self, context: Context) -> int:
        """Take the practitioners out again."""
        return undoing.undo(context)

    def records(self, context: Context, ids: Sequence[int]) -> dict[int, Record]:  # noqa: ARG002 - a kind's
        """Practitioners that lines may be about: managers see them all. One statement."""
        if not ids:
            return {}
        return {
            one.id: Record(
                id=one.id,
                title=one.name,
                facts=" · ".join(
                    part
                    for part in (
                        one.specialization,
                        one.licence_number,
                        "" if one.verified_at else _("not verified"),
                    )
                    if part
                ),
                said=said_of(one, judging.COMPARED),
                url=("practitioners.show", {"practitioner_id": one.id}),
            )
            for one in db.session.scalars(select(Practitioner).where(Practitioner.id.in_(ids)))
        }

    def facts(self, row: ImportRow, context: Context) -> list[str]:  # noqa: ARG002 - a kind's
        """What they do, their degree, their licence, how to reach them."""
        names = ("specialization", "qualification", "licence_number", "phone")
        said = [str(row.values[name]) for name in names if row.values.get(name)]
        return [*said, *([_("not in use")] if row.values.get("active") == "no" else [])]

    def worded(self, field: str, value: Any, said: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """A value as people read it."""
        if field == "sex":
            return {"female": _("Female"), "male": _("Male"), "other": _("Other")}.get(str(value), "")
        if field == "active":
            return _("yes") if value == "yes" else _("no")
        if field == "default_minutes":
            return ngettext("%(num)s minute", "%(num)s minutes", int(value))
        return str(value)


PRACTITIONERS = Practitioners()

__all__ = ["PRACTITIONERS", "Practitioners"]
