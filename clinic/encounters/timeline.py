"""Notes in a patient's timeline: at their visit, with their first words, for whoever may read them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal_column, select, true

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.encounters import policy
from clinic.encounters.models import Note, NoteTemplate
from clinic.encounters.wording import said
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, Service

KIND = "note"
FIRST_WORDS = 180
"""Characters of a note that the timeline shows."""
OF_ONE_VISIT = 20
_FIELDS = '$.sections[*].fields[*] ? (@.kind == "text" || @.kind == "line")'


def connect() -> None:
    """Let the timeline tell notes."""
    register_source(
        TimelineSource(
            kind=KIND, label=_l("Notes"), icon="notebook-pen", order=20, select=_select, show=_show
        )
    )


def _select(actor: Actor, patient_id: int) -> Select[Any] | None:
    """Those this person may read: a note stands at the beginning of its visit, so that it is read with it.

    The limit on the notes of one visit keeps the database on its way along the visits, by their time.
    """
    if not policy.can_read_notes(actor):
        return None
    written = (
        select(
            Note.id,
            Note.template_id,
            Note.practitioner_id,
            Note.status,
            Note.body,
            Note.last_mark.label("last_mark"),
        )
        .where(Note.appointment_id == Appointment.id, policy.notes_in_sight(actor))
        .order_by(Note.id.desc())
        .limit(OF_ONE_VISIT)
        .lateral("written")
    )
    facts = func.jsonb_build_object(
        "template", NoteTemplate.name,
        "service", Service.shown_name,
        "practitioner", Practitioner.name,
        "status", written.c.status,
        "wrong", written.c.last_mark % 2 == 1,
        "first", _first_words(written.c.body),
    )  # fmt: skip
    return (
        select(func.lower(Appointment.during).label("at"), written.c.id.label("id"), facts.label("facts"))
        .select_from(Appointment)
        .join(written, true())
        .join(NoteTemplate, NoteTemplate.id == written.c.template_id)
        .join(Practitioner, Practitioner.id == written.c.practitioner_id)
        .join(Service, Service.id == Appointment.service_id)
        .where(Appointment.patient_id == patient_id)
    )


def _first_words(body: ColumnElement[Any]) -> ScalarSelect[Any]:
    """The beginning of the first text that must be written, else of the first that was: the layout says
    which fields there are.
    """
    fields = func.jsonb_path_query(NoteTemplate.layout, literal_column(f"'{_FIELDS}'::jsonpath"))
    listed = fields.table_valued("value", with_ordinality="place").render_derived(name="fields")
    field = literal_column("fields.value", type_=NoteTemplate.layout.type)
    typed = body.op("->>")(field.op("->>")("code"))
    return (
        select(func.left(typed, FIRST_WORDS))
        .select_from(listed)
        .where(typed != "")
        .order_by(
            (func.coalesce(field.op("->>")("required"), "") == "true").desc(),
            (field.op("->>")("kind") == "text").desc(),
            literal_column("fields.place"),
        )
        .limit(1)
        .correlate(body.table, NoteTemplate)
        .scalar_subquery()
    )


def _show(entry: Happened, _zone: str) -> Line:
    facts = entry.facts
    draft, wrong = facts["status"] == "draft", facts["wrong"]
    first = " ".join((facts["first"] or "").split())
    who = _("%(template)s, %(name)s", template=said(facts["template"]), name=facts["practitioner"])
    return Line(
        title=_("Note: %(service)s", service=facts["service"]),
        text=f"{first}{'…' if len(first) >= FIRST_WORDS else ''} ({who})" if first else who,
        href=f"/notes/{entry.id}",
        state="" if wrong else facts["status"],
        mark=_("Entered in error") if wrong else "",
        tone="danger" if wrong else "",
        struck=wrong,
        action=_("Continue note") if draft else "",
    )
