"""What is sent at the beginning: the welcome, the thanks for the form, and that it waits at the clinic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.facilities.models import Facility
from clinic.notifications.models import Channel, Message
from clinic.notifications.placeholders import Placeholder, Values
from clinic.notifications.registry import ALL_CHANNELS, Content, MessageKind, Opens, register
from clinic.notifications.wording import Why
from clinic.patients.display import initials
from clinic.patients.models import IntakeLink, Patient

_NAME = Placeholder(name="name", label=_l("Patient's name"))


def _link_to(endpoint: str, label: Any, words: Any) -> Placeholder:
    return Placeholder(name="link", label=label, value=lambda values: values["link"](endpoint), button=words)


def connect() -> None:
    """Register the kinds."""
    register(
        MessageKind(
            name="welcome",
            label=_l("Welcome"),
            load=_load,
            still_wanted=_is_alive,
            channels=(Channel.SMS, Channel.EMAIL),
            opens=lambda _message, _content: Opens(endpoint="portal.home"),
            placeholders=(_NAME, _link_to("accounts.portal_sign_in", _l("Link: sign in"), _l("Sign in"))),
            sample=_sample,
        )
    )
    register(
        MessageKind(
            name="onboarding_complete",
            label=_l("Thanks for the intake form"),
            load=_load,
            still_wanted=_is_alive,
            channels=ALL_CHANNELS,
            opens=lambda _message, _content: Opens(endpoint="portal.home"),
            placeholders=(_NAME, _link_to("portal.home", _l("Link: the portal"), _l("Open the portal"))),
            sample=_sample,
        )
    )
    register(
        MessageKind(
            name="onboarding_waits",
            label=_l("To the clinic: an intake form came in"),
            load=_load,
            still_wanted=_still_waits,
            channels=(Channel.EMAIL,),
            sample=_sample,
        )
    )


def _sample() -> Values:
    return {"name": _("Meera Nair"), "initials": "M. N.", "patient_id": 1}


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    rows = db.session.execute(
        select(Patient, Facility)
        .join(Facility, Facility.id == Patient.facility_id)
        .where(Patient.id.in_({message.patient_id for message in messages if message.patient_id}))
    ).all()
    people = {patient.id: (patient, facility) for patient, facility in rows}
    ids = {message.subject_id for message in messages if message.subject_type == "intake_link"}
    reviewed = (
        set(
            db.session.scalars(
                select(IntakeLink.id).where(IntakeLink.id.in_(ids), IntakeLink.reviewed_at.is_not(None))
            )
        )
        if ids
        else set()
    )
    loaded: dict[int, Content] = {}
    for message in messages:
        if (found := people.get(message.patient_id or 0)) is None:
            continue
        patient, facility = found
        address = patient.mobile if message.channel == Channel.SMS else patient.email
        loaded[message.id] = Content(
            address=facility.email if message.recipient_type == "facility" else address,
            zone=facility.zone,
            values={
                "clinic": facility.name,
                "name": patient.name,
                "initials": initials(patient.name),
                "patient_id": patient.id,
            },
            facts={"deceased": patient.deceased, "reviewed": message.subject_id in reviewed},
        )
    return loaded


def _is_alive(_message: Message, content: Content) -> str | None:
    return Why.DECEASED if content.facts["deceased"] else None


def _still_waits(_message: Message, content: Content) -> str | None:
    return Why.CHANGED if content.facts["reviewed"] else None
