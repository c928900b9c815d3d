"""A patient on one or two sheets of paper: what the next person who treats them has to know.

Each part asks its own domain, and each domain shows only what the reader may read. Six statements.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, func, select

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date, show_moment
from clinic.desk.patient_alerts import Plate, columns_for, plates_of
from clinic.encounters import policy as notes_policy
from clinic.encounters import vitals_shown
from clinic.encounters.assessments.queries import constitution_column, read_constitution
from clinic.encounters.models import Diagnosis, Note
from clinic.encounters.note_page import sections_of, summary_of
from clinic.encounters.queries import notes_of_patient
from clinic.patients import policy
from clinic.patients.display import prakriti_word
from clinic.patients.models import Patient
from clinic.patients.queries.happened import timeline_of
from clinic.patients.queries.head import Head, head_of
from clinic.patients.queries.said import read_said, said_columns
from clinic.patients.timeline import Happened, timeline_sources
from clinic.prescriptions.queries import running_column
from clinic.prescriptions.running import read_running

NOTES, VISITS, DIAGNOSES = 3, 10, 12
TOLD = ("assessment", "plan", "result", "next")
"""Sections of a note that say what was found and what is to be done."""
LONGEST = 700
"""Characters of one section; who needs all of it opens the note."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line: what, said how, and when or by whom."""

    what: str
    said: str = ""
    when: str = ""


@dataclass(frozen=True, kw_only=True)
class NoteTold:
    """What one note found and planned."""

    title: str
    when: str
    facts: tuple[Fact, ...]


SAID = ("said_medicines", "said_insurances", "said_measures")
"""What the patient is asked about themselves, beside the head in its statement."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the sheet shows; a part nobody may read, or with nothing in it, is empty."""

    plates: tuple[Plate, ...]
    problems: tuple[Fact, ...]
    medicines: tuple[Fact, ...]
    vitals: tuple[Fact, ...]
    constitution: tuple[Fact, ...]
    coming: tuple[Fact, ...]
    visits: tuple[Fact, ...]
    notes: tuple[NoteTold, ...]
    carers: tuple[Fact, ...]
    clinical: bool


def summary_of_patient(actor: Actor, patient: Patient) -> Summary:
    """The sheet of one patient, as far as ``actor`` reads."""
    clinical = policy.sees_clinical(actor, patient)
    zone = patient.facility.zone
    columns: dict[str, ScalarSelect[Any]] = columns_for(actor, patient.id)
    if clinical:
        columns |= {
            "prakriti": constitution_column(patient.id),
            "running": running_column(actor, patient.id),
            "diagnoses": _diagnoses(actor, patient.id),
            **dict(zip(SAID, said_columns(patient.id), strict=True)),
        }
    head = head_of(actor, patient, columns)
    happened = timeline_of(
        actor,
        patient.id,
        now=clock.now(),
        kinds=("visit", "assessment") if clinical else ("visit",),
        limit=VISITS * 2,
    )
    visits = [row for row in happened.entries if row.kind == "visit"][:VISITS]
    return Summary(
        plates=tuple(plates_of(patient, head, edit="")),
        problems=tuple(_problems(patient, head)) if clinical else (),
        medicines=tuple(_medicines(head)),
        vitals=tuple(_vitals(actor, patient, zone)),
        constitution=tuple(_constitution(patient, head, happened.entries, zone)),
        coming=tuple(_lines(happened.ahead, zone)),
        visits=tuple(_lines(visits, zone)),
        notes=tuple(_notes(actor, patient, zone)) if clinical else (),
        carers=tuple(Fact(what=one["name"], said=one["specialization"] or "") for one in head.carers),
        clinical=clinical,
    )


def _diagnoses(actor: Actor, patient_id: int) -> ScalarSelect[Any]:
    """The last diagnoses of signed notes in sight, as JSON: text, code, status and when; marked notes left
    out.
    """
    rows = (
        select(
            func.jsonb_build_object(
                "text",
                Diagnosis.text,
                "code",
                Diagnosis.code,
                "status",
                Diagnosis.status,
                "at",
                Note.signed_at,
            ).label("row")
        )
        .select_from(Diagnosis)
        .join(Note, Note.id == Diagnosis.note_id)
        .where(
            Diagnosis.patient_id == patient_id,
            Note.status == "signed",
            Note.last_mark % 2 == 0,
            notes_policy.notes_in_sight(actor),
        )
        .order_by(Diagnosis.id.desc())
        .limit(DIAGNOSES)
        .subquery()
    )
    return select(func.jsonb_agg(rows.c.row)).scalar_subquery()


def _problems(patient: Patient, head: Head) -> Iterable[Fact]:
    told: set[str] = set()
    for row in head.more.get("diagnoses") or ():
        if row["text"].casefold() not in told:
            told.add(row["text"].casefold())
            final = _("final") if row["status"] == "final" else _("provisional")
            yield Fact(what=row["text"], said=", ".join(part for part in (row["code"], final) if part))
    if patient.medical_history:
        yield Fact(what=_("History as told"), said=patient.medical_history[:LONGEST])


def _medicines(head: Head) -> Iterable[Fact]:
    for line in read_running(head.more.get("running")):
        until = _("until %(day)s", day=show_date(line.until)) if line.until else ""
        how = ", ".join(part for part in (line.dosing, line.plain) if part)
        yield Fact(what=line.name, said=how, when=until)
    for row in read_said(*(head.more.get(name) for name in SAID)).medicines:
        how = ", ".join(part for part in (row.dose, row.often) if part)
        yield Fact(what=row.name, said=how, when=_("as told, %(day)s", day=show_date(row.said_on)))


def _vitals(actor: Actor, patient: Patient, zone: str) -> Iterable[Fact]:
    side = vitals_shown.side(actor, patient)
    for line in (side or {}).get("lines", ()):
        said = " ".join(part for part in (str(line["value"]), line["unit"], line["flag"]) if part)
        yield Fact(what=line["label"], said=said, when=show_date(line["measured_at"], zone))


def _constitution(patient: Patient, head: Head, entries: Iterable[Happened], zone: str) -> Iterable[Fact]:
    found = read_constitution(head.more.get("prakriti"))
    if found is not None:
        shares = _(
            "vata %(vata)s, pitta %(pitta)s, kapha %(kapha)s",
            vata=found.vata,
            pitta=found.pitta,
            kapha=found.kapha,
        )
        when = show_date(found.confirmed_at, zone)
        yield Fact(what=_("Prakriti"), said=f"{prakriti_word(found.result)} ({shares})", when=when)
    elif patient.prakriti:
        yield Fact(what=_("Prakriti"), said=prakriti_word(patient.prakriti))
    seen = {"prakriti"}
    for row in entries:
        if row.kind == "assessment" and row.facts["kind"] not in seen:
            line = _line(row, zone)
            if not line.struck:
                seen.add(row.facts["kind"])
                yield Fact(what=line.title, said=line.text, when=show_date(row.at, zone))


def _notes(actor: Actor, patient: Patient, zone: str) -> Iterable[NoteTold]:
    """The last signed notes in sight: what was found and planned."""
    signed = [
        note
        for note in notes_of_patient(actor, patient.id, limit=NOTES * 4)
        if note.status == "signed" and not note.retracted
    ]
    for note in signed[:NOTES]:
        facts = [
            Fact(what=item.label, said=_cut(item.said))
            for section in sections_of(note, {})
            if section.section.code in TOLD
            for item in section.fields
            if item.said
        ]
        if not facts and (short := summary_of(note)):
            facts = [Fact(what="", said=short)]
        yield NoteTold(
            title=f"{note.appointment.service.shown_name}, {note.practitioner.name}",
            when=show_moment(note.appointment.starts, zone),
            facts=tuple(facts),
        )


def _lines(rows: Iterable[Happened], zone: str) -> Iterable[Fact]:
    for row in rows:
        line = _line(row, zone)
        yield Fact(what=line.title, said=line.text, when=show_moment(row.at, zone))


def _line(row: Happened, zone: str) -> Any:
    return next(source for source in timeline_sources() if source.kind == row.kind).show(row, zone)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"
