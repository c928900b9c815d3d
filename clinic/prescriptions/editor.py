"""What the page of a draft shows: lines with their words, what was found, what is still missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.patients.display import address_text, phone_text
from clinic.prescriptions import checks, lists, queries
from clinic.prescriptions.checks import Finding
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.plain import line_words, quantity_words, show_dose, show_duration
from clinic.prescriptions.reading import LineRead, line_of, texts_of
from clinic.prescriptions.service import has_texts


@dataclass(frozen=True, kw_only=True)
class LineShown:
    """A line in the form. ``problems`` are by field: what cannot be read at once, what is missing only after
    somebody tried to sign.
    """

    id: int
    number: int
    texts: Mapping[str, str]
    read: LineRead
    preview: str
    reckoned: str
    problems: Mapping[str, str]
    findings: Sequence[Finding]
    starred: bool
    first: bool
    last: bool

    @property
    def is_ayurvedic(self) -> bool:
        return self.read.kind == "ayurvedic"

    @property
    def has_details(self) -> bool:
        """Whether the fields that are folded away say something."""
        return any((self.read.brand, self.read.instructions, self.read.no_substitution))


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What somebody has just done: refused fields, a line taken off or added, what was typed to be added."""

    problems: Mapping[str, str] = field(default_factory=dict)
    signing: bool = False
    removed: PrescriptionLine | None = None
    focus: int | None = None
    typed_name: str = ""
    set_name: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Editor:
    """The draft as it is shown."""

    prescription: Prescription
    lines: list[LineShown]
    missing: list[str]
    open_findings: list[Finding]
    missing_on_paper: list[str]
    sets: list[lists.SetShown]
    replaces: str
    tried: Tried
    allergies_asked: bool

    @property
    def ready(self) -> bool:
        return not self.missing and not self.open_findings


def editor_of(actor: Actor, prescription: Prescription, tried: Tried | None = None) -> Editor:
    """The draft for its author. Three statements beside the loaded rows."""
    tried = tried or Tried()
    rows = queries.lines_of(prescription.id, fresh=True)
    facts = checks.facts_of(actor, prescription)
    own = lists.own_lists(actor, prescription.facility_id)
    reads = {row.id: line_of(row) for row in rows}
    found = checks.find(reads, facts)
    return Editor(
        prescription=prescription,
        lines=[
            _shown(
                line_id,
                read,
                (at, len(reads)),
                findings=[item for item in found if item.line_id == line_id],
                starred=lists.key_of(read.name) in own.starred,
                tried=tried,
            )
            for at, (line_id, read) in enumerate(reads.items())
        ],
        missing=_missing(reads, prescription),
        open_findings=checks.unsettled(found),
        missing_on_paper=_missing_on_paper(prescription),
        sets=own.sets,
        replaces=_replaces(prescription),
        tried=tried,
        allergies_asked=facts.allergies_asked,
    )


def preview(line: LineRead) -> str:
    """``1-0-1 · 1 in the morning, 1 at night, after food · 14 days · 28 tablets``."""
    parts = [
        line.dosing.shown(line.dose) if line.dosing else "",
        line_words(line) if line.dosing else show_dose(line.dose),
        show_duration(line.duration),
        quantity_words(line),
    ]
    return " · ".join(part for part in parts if part)


def _shown(
    line_id: int,
    read: LineRead,
    place: tuple[int, int],
    *,
    findings: Sequence[Finding],
    starred: bool,
    tried: Tried,
) -> LineShown:
    """A line at its ``place``: at which position, of how many."""
    at, count = place
    prefix = f"line-{line_id}-"
    own = checks.line_problems(read)
    typed = {"dose": read.dose_typed, "dosing": read.dosing_typed, "duration": read.duration_typed}
    shown = {
        name: words
        for name, words in own.items()
        if tried.signing or typed.get(name) or prefix + name in tried.problems
    }
    reckoned = read.reckoned
    return LineShown(
        id=line_id,
        number=at + 1,
        texts=texts_of(read),
        read=read,
        preview=preview(read),
        reckoned=show_dose(reckoned),
        problems=shown,
        findings=findings,
        starred=starred,
        first=at == 0,
        last=at == count - 1,
    )


def _missing(reads: Mapping[int, LineRead], prescription: Prescription) -> list[str]:
    """What the foot says before signing, one piece a medicine."""
    if not reads and not has_texts(prescription):
        return [_("a medicine")]
    missing = []
    names = {
        "name": _("name"),
        "dose": _("dose"),
        "dosing": _("how often"),
        "duration": _("how long"),
        "quantity": _("quantity"),
    }
    for number, read in enumerate(reads.values(), start=1):
        lacks = [names[name] for name in checks.line_problems(read)]
        if lacks:
            who = read.name or _("medicine %(number)s", number=number)
            missing.append(_("%(medicine)s: %(fields)s", medicine=who, fields=", ".join(lacks)))
    return missing


def _missing_on_paper(prescription: Prescription) -> list[str]:
    """What the law wants of the patient on the paper and nobody has written down; it keeps nobody from
    signing.
    """
    patient = prescription.patient
    lacks = []
    if patient.birth_date is None:
        lacks.append(_("age"))
    if patient.sex == "unknown":
        lacks.append(_("sex"))
    if not address_text(patient) and not phone_text(patient):
        lacks.append(_("address or telephone"))
    return lacks


def _replaces(prescription: Prescription) -> str:
    old = queries.replaced_before(prescription)
    return old.reference if old else ""
