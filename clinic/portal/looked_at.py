"""Who looked at a record, in a patient's words: who, as what, what kind of thing, when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select

from clinic.accounts.display import role_label
from clinic.accounts.models import RoleGrant
from clinic.audit.models import AuditEvent
from clinic.audit.queries import lookings
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.patients.models import Patient
from clinic.patients.queries.emergency import AccessLine, accesses_to

PAGE = 100
KINDS: tuple[tuple[str, Any], ...] = (
    ("emergency.opened", _l("Opened your record in an emergency")),
    ("emergency.read", _l("Read your record in an emergency")),
    ("emergency.", _l("Emergency access")),
    ("patient.taken_out", _l("Took out a copy of your record")),
    ("patient.printed", _l("Printed your record")),
    ("patient.log_read", _l("Read who looked at your record")),
    ("patient.viewed", _l("Opened your record")),
    ("patient.found", _l("Found you in a search")),
    ("patient.listed", _l("Saw your name in a list")),
    ("patient.", _l("Changed your details")),
    ("note.printed", _l("Printed a note")),
    ("note.viewed", _l("Read a note")),
    ("note.exported", _l("Took out a note as a file")),
    ("note.listed", _l("Looked through your notes")),
    ("note.readers_listed", _l("Read who looked at a note")),
    ("note.", _l("Worked on a note")),
    ("prescription.printed", _l("Printed a prescription")),
    ("prescription.viewed", _l("Read a prescription")),
    ("prescription.listed", _l("Looked through your prescriptions")),
    ("prescription.", _l("Worked on a prescription")),
    ("paper.viewed", _l("Opened a paper")),
    ("paper.downloaded", _l("Took out a paper as a file")),
    ("paper.listed", _l("Looked through your papers")),
    ("paper.", _l("Worked on a paper")),
    ("vitals.", _l("Worked on your measurements")),
    ("assessment.viewed", _l("Read an assessment")),
    ("prakriti.viewed", _l("Read an assessment")),
    ("assessment.", _l("Worked on an assessment")),
    ("prakriti.", _l("Worked on your constitution")),
    ("diagnosis.", _l("Worked on a diagnosis")),
    ("appointment.viewed", _l("Opened a visit")),
    ("appointment.listed", _l("Looked through your visits")),
    ("appointment.messages_viewed", _l("Read your messages")),
    ("appointment.", _l("Worked on a visit")),
    ("series.viewed", _l("Opened a visit")),
    ("series.", _l("Worked on a visit")),
    ("session.", _l("Worked on a visit")),
    ("follow_up.", _l("Worked on a visit")),
    ("waitlist.viewed", _l("Looked at the waitlist")),
    ("waitlist.listed", _l("Looked at the waitlist")),
    ("waitlist.", _l("Worked on the waitlist")),
    ("intake.", _l("Worked on your intake form")),
    ("consent.printed", _l("Printed a consent")),
    ("consent.", _l("Worked on your consents")),
    ("message.listed", _l("Read your messages")),
    ("message.", _l("Worked on your messages")),
    ("inbound.", _l("Read a text message from you")),
    ("care.", _l("Changed who cares for you")),
    ("guardian.", _l("Changed who acts for you")),
    ("allergy.", _l("Changed your allergies")),
    ("medicine.", _l("Changed your medicines")),
    ("measures.", _l("Changed your height and weight")),
    ("insurance.", _l("Changed your insurance")),
    ("mobile.", _l("Changed your mobile number")),
    ("preferences.", _l("Changed which messages you get")),
    ("copy.", _l("Checked a printed copy")),
    ("audit.", _l("Read who looked at your record")),
)
"""What an action is, by how it begins; the first that fits."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One line: what somebody did on a day, from when until when, and how often. ``refused``: they were
    turned away.
    """

    what: str
    who: str
    role: str
    refused: bool
    urgent: bool
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True)
class LookedDay:
    """A day and what was done on it, the latest first."""

    day: date
    lines: tuple[Looked, ...]


@dataclass(frozen=True, kw_only=True)
class LookedAt:
    """A page of it; ``emergencies`` stand above, with their reasons. ``before`` leads to earlier days."""

    days: list[LookedDay]
    emergencies: list[AccessLine]
    before: int | None


def looked_at(patient: Patient, reader_id: int, zone: str, *, before: int | None = None) -> LookedAt:
    """Who looked at a patient's record. Three statements."""
    found = lookings(patient.id, before=before, limit=PAGE)
    roles = _roles({row.actor_id for row in found.items if row.actor_id})
    days = [
        LookedDay(day=day, lines=tuple(_lines(list(rows), reader_id, roles)))
        for day, rows in groupby(found.items, key=lambda row: row.at.astimezone(clock.zone(zone)).date())
    ]
    emergencies = [] if before else accesses_to(patient.id)
    return LookedAt(days=days, emergencies=emergencies, before=found.before)


def kind_word(action: str) -> str:
    """What kind of thing an action is, in plain words."""
    return next(
        (str(words) for start, words in KINDS if action.startswith(start)), _("Worked on your record")
    )


def _lines(rows: Sequence[AuditEvent], reader_id: int, roles: dict[int, set[Role]]) -> list[Looked]:
    found: dict[tuple[int | None, str, bool], list[AuditEvent]] = {}
    for row in rows:
        key = (row.actor_id, kind_word(row.action), row.outcome == "refused")
        found.setdefault(key, []).append(row)
    return [
        _line(same, what, reader_id=reader_id, roles=roles.get(actor_id or 0, set()))
        for (actor_id, what, _refused), same in found.items()
    ]


def _line(same: Sequence[AuditEvent], what: str, *, reader_id: int, roles: set[Role]) -> Looked:
    row = same[0]
    household = Role.PATIENT in roles and len(roles) == 1
    name = row.actor_name or _("Somebody with a link the clinic sent")
    if row.actor_id == reader_id:
        name = _("You")
    elif household:
        name = _("%(name)s of your family", name=row.actor_name)
    staff = [role for role in Role if role in roles and role is not Role.PATIENT]
    return Looked(
        what=what,
        who=name,
        role=role_label(staff[0]) if staff and row.actor_id != reader_id else "",
        refused=row.outcome == "refused",
        urgent=row.action.startswith("emergency."),
        count=len(same),
        first=same[-1].at,
        last=same[0].at,
    )


def _roles(user_ids: set[int]) -> dict[int, set[Role]]:
    found: dict[int, set[Role]] = {}
    if user_ids:
        for user_id, role in db.session.execute(
            select(RoleGrant.user_id, RoleGrant.role).where(RoleGrant.user_id.in_(user_ids))
        ):
            found.setdefault(user_id, set()).add(Role(role))
    return found
