"""Whom and what a line of a diary means: the patient, the practitioner, the service, the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import fold
from clinic.imports.kinds.base import Context
from clinic.imports.kinds.people import bare, likest
from clinic.imports.models import ImportRow
from clinic.patients import policy
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Resource, Service
from clinic.scheduling.queries import setup


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Everybody and everything that the lines of a batch can mean, as far as the actor sees."""

    patients: Sequence[Any]
    practitioners: Sequence[Practitioner]
    services: Sequence[Service]
    rooms: Sequence[Resource]


def directory_of(context: Context, rows: Sequence[ImportRow]) -> Directory:
    """What these lines can mean. Four statements."""
    practitioners = db.session.scalars(
        select(Practitioner)
        .join(Resource, Resource.practitioner_id == Practitioner.id)
        .where(Resource.facility_id == context.facility.id, Resource.active)
        .order_by(Practitioner.id)
    ).all()
    return Directory(
        patients=_patients(context, rows),
        practitioners=practitioners,
        services=setup.all_services(context.facility.id),
        rooms=[room for room, _places in setup.rooms(context.facility.id) if room.active],
    )


def find_patient(said: Mapping[str, Any], directory: Directory) -> Any:
    """The one patient a line means. Raises Invalid for none, and where it is not clear who."""
    name, number = said.get("patient"), said.get("number") or said.get("file_number")
    if number:
        found = _by_number(said, directory)
        if found:
            return _the_one(found, name, by_mobile=False)
        if not said.get("mobile"):
            raise Invalid(
                _("Nobody here has the number %(number)s.", number=number), field=_number_field(said)
            )
    if said.get("mobile"):
        found = [one for one in directory.patients if one.mobile == said["mobile"]]
        if not found:
            raise Invalid(_("No patient here has this mobile."), field="mobile")
        return _the_one(found, name, by_mobile=True)
    if not name:
        raise Invalid(_("Say who it is: a number, a mobile or a name."), field="patient")
    found = [one for one in directory.patients if bare(one.name) == bare(name)]
    if not found:
        raise Invalid(_("No patient here is called %(name)s.", name=name), field="patient")
    if len(found) > 1:
        raise Invalid(
            _(
                "%(num)d patients here are called %(name)s. Add a mobile or a number.",
                num=len(found),
                name=name,
            ),
            field="patient",
        )
    return found[0]


def find_practitioner(said: Mapping[str, Any], directory: Directory) -> Practitioner:
    """The one practitioner a line means, who can be booked. Raises Invalid."""
    name = said.get("practitioner")
    if not name:
        raise Invalid(_("Say with whom."), field="practitioner")
    found = likest(name, [(one, one.name) for one in directory.practitioners])
    ready = [one for one in found if one.active and one.verified_at is not None]
    if not found:
        raise Invalid(_("No practitioner here is called %(name)s.", name=name), field="practitioner")
    if not ready:
        raise Invalid(
            _("%(name)s cannot be booked until verified and active.", name=found[0].name),
            field="practitioner",
        )
    if len(ready) > 1:
        raise Invalid(
            _("This may be %(one)s or %(other)s.", one=ready[0].name, other=ready[1].name),
            field="practitioner",
        )
    return ready[0]


def find_service(said: Mapping[str, Any], directory: Directory) -> Service:
    """The one service a line names, by its code or its name in either language. Raises Invalid."""
    wanted = said.get("service")
    offered = [one for one in directory.services if one.active]
    if not wanted:
        known = offered[0].name if offered else "…"
        raise Invalid(_("Say which service, for example %(name)s.", name=known), field="service")
    found = [one for one in directory.services if one.code.casefold() == wanted.casefold()] or [
        one for one in directory.services if fold(wanted) in (fold(one.name), fold(one.name_hi or ""))
    ]
    found = [one for one in found if one.active] or found
    if not found:
        raise Invalid(_("There is no service called %(name)s.", name=wanted), field="service")
    if len(found) > 1:
        raise Invalid(
            _("Several services are called %(name)s. Write the short code.", name=wanted), field="service"
        )
    return found[0]


def find_room(said: Mapping[str, Any], directory: Directory) -> Resource | None:
    """The room a line names; None where it names none. Raises Invalid."""
    if not said.get("room"):
        return None
    found = [room for room in directory.rooms if fold(room.name) == fold(said["room"])]
    if len(found) != 1:
        raise Invalid(_("There is no room called %(name)s.", name=said["room"]), field="room")
    return found[0]


def _the_one(found: Sequence[Any], name: str | None, *, by_mobile: bool) -> Any:
    """Of those with the number or the mobile the one with the name; without a name the only one."""
    if not name:
        if len(found) > 1:
            raise Invalid(_("Several patients share it. Say who."), field="patient")
        return found[0]
    nearest = likest(name, [(one, one.name) for one in found])
    if not nearest:
        raise Invalid(
            _("No patient with this mobile is called %(name)s.", name=name)
            if by_mobile
            else _("No patient with this number is called %(name)s.", name=name),
            field="patient",
        )
    if len(nearest) > 1:
        raise Invalid(
            _("This may be %(one)s or %(other)s.", one=_told(nearest[0]), other=_told(nearest[1])),
            field="patient",
        )
    return nearest[0]


def _told(patient: Any) -> str:
    return f"{patient.name} ({patient.mrn})"


def _by_number(said: Mapping[str, Any], directory: Directory) -> list[Any]:
    """Those with the clinic's number; else those with the number as the old one of their file."""
    for number in (said.get("number"), said.get("file_number")):
        if number:
            mine = _plain(number)
            found = [one for one in directory.patients if one.mrn == mine] or [
                one for one in directory.patients if _plain(one.file_number or "") == mine
            ]
            if found:
                return found
    return []


def _plain(number: str) -> str:
    """A number as it is compared: ``su 10023`` is ``SU10023``, whoever wrote it."""
    return number.upper().replace(" ", "")


def _number_field(said: Mapping[str, Any]) -> str:
    return "patient_number" if said.get("number") else "file_number"


def _patients(context: Context, rows: Sequence[ImportRow]) -> Sequence[Any]:
    """The facility's patients with a number, a mobile or, where a line has neither, a name of these lines."""
    numbers = {row.values[name] for row in rows for name in ("number", "file_number") if row.values.get(name)}
    mobiles = {row.values["mobile"] for row in rows if row.values.get("mobile")}
    names = {
        form
        for row in rows
        if row.values.get("patient") and not row.values.get("mobile")
        for form in (fold(row.values["patient"]), bare(row.values["patient"]))
    }
    wanted: list[ColumnElement[bool]] = [
        column.in_(keys)
        for column, keys in (
            (Patient.mrn, {_plain(number) for number in numbers}),
            (func.upper(func.replace(Patient.file_number, " ", "")), {_plain(number) for number in numbers}),
            (Patient.mobile, mobiles),
            (Patient.search_name, names),
        )
        if keys
    ]
    if not wanted:
        return []
    return db.session.execute(
        select(Patient.id, Patient.mrn, Patient.file_number, Patient.mobile, Patient.name)
        .where(Patient.facility_id == context.facility.id, policy.visible(context.actor), or_(*wanted))
        .order_by(Patient.id)
    ).all()
