"""The note as a page shows it: sections with what was typed, what is flagged, what is missing, and what
helps beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.i18n import show_date
from clinic.encounters import policy, queries
from clinic.encounters.copied import Mark, marks_in
from clinic.encounters.layout import (
    Body,
    FieldKind,
    Layout,
    NoteField,
    Section,
    form_labels,
    read_day,
    read_layout,
)
from clinic.encounters.models import Addendum, Note, NoteConflict, NoteTemplate, VitalSigns
from clinic.encounters.panels import PanelShown, panels_of
from clinic.encounters.service import readiness
from clinic.encounters.service.taking_vitals import Takeable, takeable
from clinic.encounters.snippet_queries import snippets_for
from clinic.encounters.stamps import stamp_of
from clinic.encounters.vitals import MEASURES, Measure, Part, Reading, range_words, read_vitals
from clinic.encounters.wording import said
from clinic.patients.display import age_text, prakriti_word, sex_letter
from clinic.patients.models import Allergy, Patient
from clinic.scheduling.models import Appointment

SUMMARY_LENGTH = 320
LONG_LIST = 8
FIRST_OPTIONS = 6


@dataclass(frozen=True)
class PartShown:
    """One number's box: what was typed and why it cannot be."""

    part: Part
    name: str
    label: str
    typed: str
    problem: str
    range: str


@dataclass(frozen=True)
class MeasureShown:
    """One cell of the row of measurements. ``flag`` says which limit it is beyond."""

    measure: Measure
    label: str
    parts: list[PartShown]
    flag: str

    @property
    def value(self) -> str:
        """What was measured, as text; empty when nothing was."""
        typed = [part.typed for part in self.parts]
        return "/".join(text or "–" for text in typed) if any(typed) else ""

    @property
    def problem(self) -> str:
        return next((part.problem for part in self.parts if part.problem), "")


@dataclass(frozen=True)
class OptionShown:
    """One answer to pick, in the reader's language."""

    value: str
    label: str
    term: str
    picked: bool


@dataclass(frozen=True)
class FieldShown:
    """One field with its value. ``picked`` are the chosen options' values, ``said`` is how it reads."""

    field: NoteField
    label: str
    value: str
    picked: tuple[str, ...]
    said: str
    problem: str
    mark: Mark | None = None

    @property
    def is_scale(self) -> bool:
        return self.field.most > 0

    @property
    def ends(self) -> tuple[str, str]:
        """What the ends of a scale are called."""
        return said(self.field.ends[0]), said(self.field.ends[1])

    @property
    def options(self) -> list[OptionShown]:
        return [
            OptionShown(option.value, said(option.label), option.term, option.value in self.picked)
            for option in self.field.options
        ]

    @property
    def common(self) -> list[OptionShown]:
        """The options to show at once: all of a short list; of a long one the first, and whatever is
        picked.
        """
        if len(self.options) <= LONG_LIST or self.is_scale:
            return self.options
        return [item for at, item in enumerate(self.options) if at < FIRST_OPTIONS or item.picked]

    @property
    def rare(self) -> list[OptionShown]:
        """The options of a long list to show on demand."""
        return [item for item in self.options if item not in self.common]

    @property
    def phrases(self) -> list[str]:
        return [said(phrase) for phrase in self.field.phrases]

    @property
    def unit(self) -> str:
        return said(self.field.unit)

    @property
    def hint(self) -> str:
        return said(self.field.hint)


@dataclass(frozen=True)
class SectionShown:
    """One step on the thread; ``state`` is done, now or todo."""

    section: Section
    title: str
    state: str
    fields: list[FieldShown]
    measures: list[MeasureShown]
    bmi: str

    @property
    def blank(self) -> bool:
        """Whether nothing was written in it."""
        return not any(f.value or f.picked for f in self.fields) and not any(m.value for m in self.measures)


@dataclass(frozen=True)
class Trend:
    """One measurement over the last visits, oldest first."""

    label: str
    points: list[float]
    value: str
    unit: str
    limit: float | None
    flag: str


@dataclass(frozen=True)
class Context:
    """What stands beside a note."""

    allergies: list[Allergy]
    earlier: list[Note]
    last_summary: str
    trends: list[Trend]
    next_visit: Appointment | None
    takeable: Takeable | None = None


@dataclass(frozen=True)
class NotePage:
    """Everything the page of one note needs."""

    note: Note
    sections: list[SectionShown]
    missing: list[str]
    wrong: list[str]
    context: Context
    templates: Sequence[NoteTemplate] = ()
    conflicts: list[NoteConflict] = field(default_factory=list)
    addenda: list[Addendum] = field(default_factory=list)
    mine: bool = False
    can_edit: bool = False
    can_add: bool = False
    facts: tuple[str, ...] = ()
    panels: list[PanelShown] = field(default_factory=list)
    snippets: Mapping[str, str] = field(default_factory=dict)
    can_take_over: bool = False

    @property
    def stamp(self) -> str:
        """What the form carries to say which version it shows."""
        return note_stamp(self.note)

    @property
    def template_name(self) -> str:
        return said(self.note.template.name)

    @property
    def other_templates(self) -> list[tuple[str, str]]:
        """Code and name of the templates one could go on in."""
        return [(item.code, said(item.name)) for item in self.templates if item.id != self.note.template_id]


def note_page(actor: Actor, note: Note, problems: Mapping[str, str] | None = None) -> NotePage:
    """Gather the page. ``problems`` (form name to words) are shown beside the fields besides what is wrong
    anyway.
    """
    signed = note.status == "signed"
    mine = policy.is_author(actor, note)
    zone = note.appointment.facility.zone
    standing, missing = ({}, []) if signed else readiness(note)
    context = context_of(actor, note)
    can_edit = policy.can_edit(actor, note)
    return NotePage(
        note=note,
        sections=sections_of(note, problems or {}),
        missing=missing,
        wrong=wrong_labels(note, standing, missing),
        context=context,
        conflicts=queries.open_conflicts(note.id) if mine else [],
        addenda=queries.addenda_of(note.id) if signed else [],
        templates=queries.active_templates(note.facility_id) if can_edit else (),
        mine=mine,
        can_edit=can_edit,
        can_add=policy.can_add_to(actor, note),
        facts=patient_facts(note.patient, clock.today(zone)),
        panels=panels_of(actor, note, reading=not can_edit),
        snippets=snippets_for(actor, note.facility_id) if can_edit else {},
        can_take_over=can_edit and bool(context.earlier),
    )


def note_stamp(note: Note) -> str:
    """The stamp of a note as it stands."""
    return stamp_of(read_layout(note.template.layout), note.version, note.body)


def patient_facts(patient: Patient, today: date) -> tuple[str, ...]:
    """Sex and age, constitution, record number: what is known of them."""
    who = ", ".join(word for word in (sex_letter(patient.sex), age_text(patient, today)) if word)
    return tuple(word for word in (who, prakriti_word(patient.prakriti), patient.mrn) if word)


def wrong_labels(note: Note, problems: Mapping[str, str], missing: list[str]) -> list[str]:
    """The labels of fields that hold something that cannot be."""
    labels = form_labels(read_layout(note.template.layout))
    return [labels[name] for name in problems if name in labels and labels[name] not in missing]


def sections_of(note: Note, problems: Mapping[str, str]) -> list[SectionShown]:
    """The note's sections with what was typed; the first that is not finished is the one now."""
    standing, _missing = readiness(note) if note.status == "draft" else ({}, [])
    layout = read_layout(note.template.layout)
    return layout_sections(layout, note.body, problems, standing, signed=note.status == "signed")


def layout_sections(
    layout: Layout,
    body: Body,
    problems: Mapping[str, str] | None = None,
    standing: Mapping[str, str] | None = None,
    *,
    signed: bool = False,
) -> list[SectionShown]:
    """The sections of a layout with what a body says."""
    shown: list[SectionShown] = []
    marks = marks_in(layout, body)
    now_given = signed
    for section in layout.sections:
        reading = read_vitals(body.get("vitals", {}).get(section.moment, {})) if section.moment else Reading()
        fields = [_field(item, body, problems or {}, marks.get(item.code)) for item in section.fields]
        measures = [_measure(MEASURES[code], section.moment, body, reading) for code in section.measures]
        done = _is_done(section, fields, measures, standing or {})
        state = "done" if done else ("todo" if now_given else "now")
        now_given = now_given or state == "now"
        bmi = f"{reading.bmi}" if reading.bmi is not None else ""
        shown.append(SectionShown(section, said(section.title), state, fields, measures, bmi))
    return shown


def _is_done(
    section: Section, fields: list[FieldShown], measures: list[MeasureShown], standing: Mapping[str, str]
) -> bool:
    names = {item.field.name for item in fields} | {part.name for item in measures for part in item.parts}
    if names & standing.keys():
        return False
    if any(item.required for item in section.fields):
        return True
    return any(item.value or item.picked for item in fields) or any(item.value for item in measures)


def _field(item: NoteField, body: Body, problems: Mapping[str, str], mark: Mark | None = None) -> FieldShown:
    raw = body.get(item.code) or ""
    picked = tuple(raw) if isinstance(raw, list) else ((raw,) if raw and item.options else ())
    words = ", ".join(said(option.label) for option in item.options if option.value in picked)
    value = raw if isinstance(raw, str) and not item.options else ""
    if item.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        text = f"{words}/{item.most}" if item.most and words else words
    elif item.kind is FieldKind.DATE and (day := read_day(value.strip())):
        text = show_date(day)
    else:
        text = f"{value} {said(item.unit)}".strip() if value.strip() else ""
    return FieldShown(item, said(item.label), value, picked, text, problems.get(item.name, ""), mark)


def _measure(measure: Measure, moment: str, body: Body, reading: Reading) -> MeasureShown:
    typed = body.get("vitals", {}).get(moment, {})
    parts = [
        PartShown(
            part,
            f"{moment}-{part.code}",
            said(part.label),
            typed.get(part.code, ""),
            reading.problems.get(part.code, ""),
            range_words(part),
        )
        for part in measure.parts
    ]
    return MeasureShown(measure, said(measure.label), parts, reading.flags.get(measure.code, ""))


def context_of(actor: Actor, note: Note) -> Context:
    """What helps while writing: allergies, the last notes, the trend of measurements, the next visit."""
    earlier = queries.earlier_notes(actor, note)
    measured = queries.vital_trend(actor, note)
    return Context(
        allergies=queries.active_allergies(note.patient_id),
        earlier=earlier,
        last_summary=summary_of(earlier[0]) if earlier else "",
        trends=_trends(measured),
        next_visit=queries.next_visit(note.patient_id, note.appointment.starts),
        takeable=takeable(note, measured) if policy.can_edit(actor, note) else None,
    )


def summary_of(note: Note, length: int = SUMMARY_LENGTH) -> str:
    """A note in a few lines: its texts and picked words in order, cut at a word."""
    parts = []
    for section in sections_of(note, {}):
        for item in section.fields:
            if item.said and section.section.kind != "next":
                plain = item.field.kind in (FieldKind.TEXT, FieldKind.LINE)
                text = item.said if plain else f"{item.label}: {item.said}"
                parts.append(" ".join(text.split()).rstrip(".") + ".")
    text = " ".join(parts)
    if len(text) <= length:
        return text
    return text[:length].rsplit(" ", 1)[0].rstrip(".,;") + " …"


def _trends(rows: list[VitalSigns]) -> list[Trend]:
    trends = []
    for code in ("blood_pressure", "pulse", "weight", "glucose", "pain"):
        measure = MEASURES[code]
        part = measure.parts[0]
        taken = [row for row in rows if getattr(row, part.column) is not None]
        if len(taken) < 2:
            continue
        last = taken[-1]
        value = "/".join(_number(getattr(last, p.column)) for p in measure.parts)
        reading = read_vitals({p.code: str(getattr(last, p.column) or "") for p in measure.parts})
        limit = float(part.high) if part.high is not None else None
        trends.append(
            Trend(
                label=said(measure.label),
                points=[float(getattr(row, part.column)) for row in taken],
                value=value,
                unit="" if code == "pain" else measure.unit,
                limit=limit,
                flag=reading.directions.get(code, ""),
            )
        )
    return trends


def _number(value: object) -> str:
    if value is None:
        return "–"
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
