"""Services: what can be booked, for how long and how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import ngettext, show_money
from clinic.imports.kinds.base import Context, Kind, Reading, Record, Touched
from clinic.imports.kinds.comparing import said_of
from clinic.imports.kinds.services import judging, reading, writing
from clinic.imports.kinds.services.fields import FIELDS
from clinic.imports.models import ImportRow
from clinic.scheduling.models import Service

SAMPLE = (
    ("Service", "Name in Hindi", "Duration", "Price", "Room type", "Online booking"),
    ("Consultation", "परामर्श", "30 min", "₹600", "consultation", "yes"),
    ("Abhyanga", "अभ्यंग", "1 hr", "Rs. 1,800/-", "therapy", "no"),
)
SHOWN = (
    ("name", _l("Name")),
    ("code", _l("Short code")),
    ("name_hi", _l("Name in Hindi")),
    ("minutes", _l("Minutes")),
    ("fee", _l("Fee")),
    ("hue", _l("Colour in the calendar")),
    ("room_kind", _l("Kind of room it needs")),
    ("note_template", _l("Note template")),
    ("online_booking", _l("Patients can book it online")),
    ("needs_confirmation", _l("An online booking waits until staff confirm it")),
    ("before_you_come", _l("Before you come")),
    ("before_you_come_hi", _l("Before you come, in Hindi")),
    ("buffer_before", _l("Minutes before it")),
    ("buffer_after", _l("Minutes after it")),
    ("in_person", _l("In person")),
    ("online", _l("Online, by video")),
    ("therapists", _l("Therapists beside")),
    ("same_sex", _l("Only people of the patient’s own sex")),
    ("equipment", _l("Equipment")),
    ("capacity", _l("Patients at once")),
    ("notice_minutes", _l("Minutes of notice to book")),
    ("horizon_days", _l("Days ahead to book")),
    ("change_minutes", _l("Minutes of notice to change")),
    ("active", _l("Offered")),
)


class Services(Kind):
    """Lines that are services of the facility, with their prices."""

    name = "services"
    label = _l("Services and prices")
    batch = 500
    roles = (Role.ADMIN, Role.FACILITY_ADMIN)
    fields = FIELDS
    shown = SHOWN
    sample = SAMPLE

    def read(self, cells: Mapping[str, str], context: Context) -> Reading:
        """What a line says."""
        return reading.read_service(cells, context)

    def judge(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """New, or one the clinic has."""
        judging.judge(context, rows)

    def write(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """Add services, and fill in what is missing."""
        writing.write_rows(context, rows)

    def worked_on(self, context: Context) -> list[Touched]:
        """Services that were booked or changed since."""
        return writing.worked_on(context)

    def undo(self, context: Context) -> int:
        """Take the services out again."""
        return writing.undo(context)

    def records(self, context: Context, ids: Sequence[int]) -> dict[int, Record]:
        """Services of the facility that lines may be about. One statement."""
        if not ids:
            return {}
        place = context.facility
        return {
            one.id: Record(
                id=one.id,
                title=one.name,
                facts=" · ".join((one.code, _minutes(one.minutes), show_money(one.fee, place.currency))),
                said=said_of(one, ("code", *judging.COMPARED)),
                url=("scheduling.service", {"service_id": one.id}),
            )
            for one in db.session.scalars(
                select(Service).where(Service.id.in_(ids), Service.facility_id == place.id)
            )
        }

    def facts(self, row: ImportRow, context: Context) -> list[str]:
        """Code, length, fee, the room it needs."""
        said = row.values
        minutes, fee = said.get("minutes"), said.get("fee")
        return [
            part
            for part in (
                said.get("code"),
                _minutes(minutes) if minutes else "",
                show_money(Decimal(fee), context.facility.currency) if fee is not None else "",
                said.get("room_kind"),
                _("no longer offered") if said.get("active") == "no" else "",
            )
            if part
        ]

    def worded(self, field: str, value: Any, said: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """A value as people read it."""
        if field == "fee":
            return show_money(Decimal(value))
        if field in ("minutes", "buffer_before", "buffer_after", "notice_minutes", "change_minutes"):
            return _minutes(int(value))
        if field in reading.YES_OR_NO:
            return _("yes") if value == "yes" else _("no")
        return str(value)


def _minutes(number: int) -> str:
    return ngettext("%(num)s minute", "%(num)s minutes", number)


SERVICES = Services()

__all__ = ["SERVICES", "Services"]
