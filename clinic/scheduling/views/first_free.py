"""The first free time of everybody who performs a service, the earliest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Response, request

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.i18n import lazy as _l
from clinic.core.text import fold, one_line
from clinic.core.web import current_actor, page
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling import queries
from clinic.scheduling.models import Service
from clinic.scheduling.queries.availability import first_free
from clinic.scheduling.queries.performers import people_performing
from clinic.scheduling.slots import Slot
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_day, read_id

SOON, FAR = 10, 60
"""Days looked at first, and where somebody has nothing free in them."""
SEXES = {"female": _l("Female"), "male": _l("Male")}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the list is about, and which of the people are shown."""

    service: Service | None
    from_day: date
    online: bool
    name: str
    sex: str
    specialization: str

    def wants(self, person: Practitioner) -> bool:
        """Whether the filters let somebody through."""
        return (
            (not self.name or fold(self.name) in fold(person.name))
            and self.sex in ("", person.sex)
            and self.specialization in ("", person.specialization)
        )


@dataclass(frozen=True, kw_only=True)
class Line:
    """Somebody and their first free place, None where nothing is free."""

    person: Practitioner
    slot: Slot | None


@bp.get("/first-free")
@allow(*STAFF_ROLES)
def first_free_times() -> Response:
    """Who is free first, each a link to the booking form with everything filled in."""
    facility = here(current_actor())
    services = queries.services(facility.id)
    asked = _asked(facility, services)
    people = people_performing(facility.id, asked.service.id) if asked.service is not None else []
    return page(
        "scheduling/first_free.html",
        services=services,
        asked=asked,
        lines=_lines(facility, asked, people),
        specializations=sorted({one.specialization for one in people if one.specialization}),
        sexes=SEXES,
        facility=facility,
        zone=facility.zone,
        last_day=asked.from_day + timedelta(days=FAR),
        today=clock.today(facility.zone),
    )


def _asked(facility: Facility, services: list[Service]) -> Asked:
    wanted = read_id(request.args.get("service"))
    service = next((one for one in services if one.id == wanted), services[0] if services else None)
    online = request.args.get("online") == "1"
    if service is not None and not (service.online if online else service.in_person):
        online = not online
    return Asked(
        service=service,
        from_day=max(read_day(request.args.get("from"), facility.zone), clock.today(facility.zone)),
        online=online,
        name=one_line(request.args.get("name", ""))[:60],
        sex=request.args.get("sex", "") if request.args.get("sex") in SEXES else "",
        specialization=one_line(request.args.get("field", ""))[:120],
    )


def _lines(facility: Facility, asked: Asked, people: list[Practitioner]) -> list[Line]:
    if asked.service is None:
        return []
    shown = [one for one in people if asked.wants(one)]
    free = _first(facility, asked, asked.from_day, asked.from_day + timedelta(days=SOON))
    if any(one.id not in free for one in shown):
        later = _first(
            facility,
            asked,
            asked.from_day + timedelta(days=SOON + 1),
            asked.from_day + timedelta(days=FAR),
        )
        free = {**later, **free}
    lines = [Line(person=one, slot=free.get(one.id)) for one in shown]
    # Those without a place come last, by name as the others of one moment.
    return sorted(lines, key=lambda line: (line.slot is None, line.slot.starts if line.slot else 0))


def _first(facility: Facility, asked: Asked, first: date, last: date) -> dict[int, Slot]:
    assert asked.service is not None
    return first_free(facility, asked.service, first, last, online=asked.online)
