"""Making the paper of a prescription: everything looked up and said, so that drawing it asks for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clinic.core import clock
from clinic.core.i18n import force_locale, show_date, show_time
from clinic.core.i18n import gettext as _
from clinic.patients.display import facts_text
from clinic.patients.on_paper import born_of
from clinic.prescriptions import queries
from clinic.prescriptions.models import Acceptance, Prescription, PrescriptionLine
from clinic.prescriptions.plain import anupana_words, dosing_words, kala_words, quantity_words, show_duration
from clinic.prescriptions.printed import KIND, digest_of, printed_of
from clinic.prescriptions.reading import line_of
from clinic.prescriptions.sheet import Sheet, SheetLine
from clinic.prescriptions.words import FOOD, FORMS, KALPANAS, ROUTES, Word, plain
from clinic.records.verification import code_of, verify_url


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A sheet with the rows it was made of; ``lines`` stand in the sheet's order."""

    sheet: Sheet
    lines: Sequence[PrescriptionLine]
    acceptances: Sequence[Acceptance]


def sheet_of(prescription: Prescription, locale: str) -> Sheet:
    """The paper of a prescription in a language, ``en`` or ``hi``; see ``paper_of``."""
    return paper_of(prescription, locale).sheet


def paper_of(prescription: Prescription, locale: str) -> Paper:
    """The paper with its rows. A signed one says what it said when it was signed, apart from what was stopped
    since; a draft says that it is one.
    """
    lines = queries.lines_of(prescription.id)
    acceptances = queries.acceptances_of(prescription.id)
    code = copy_code(prescription, lines, acceptances)
    with force_locale(locale):
        sheet = _sheet(prescription, lines, acceptances, locale, code)
    ordered = sorted(lines, key=_general_first)
    return Paper(sheet=sheet, lines=ordered, acceptances=acceptances)


def _general_first(row: PrescriptionLine) -> bool:
    return row.kind != "general"


def copy_code(
    prescription: Prescription, lines: Sequence[PrescriptionLine], acceptances: Sequence[Acceptance]
) -> str:
    """The code by which a copy is checked, as it was issued for this content; empty for a draft."""
    if prescription.signed_at is None:
        return ""
    digest = digest_of(prescription, lines, acceptances)
    return code_of(kind=KIND, subject_id=prescription.id, digest=digest) or ""


def _sheet(
    prescription: Prescription,
    lines: Sequence[PrescriptionLine],
    acceptances: Sequence[Acceptance],
    locale: str,
    code: str,
) -> Sheet:
    printed, zone = printed_of(prescription), prescription.facility.zone
    practitioner, clinic, patient = printed["practitioner"], printed["clinic"], printed["patient"]
    moment = prescription.signed_at or clock.now()
    day = moment.astimezone(clock.zone(zone)).date()
    general, ayurvedic = _numbered(lines)
    return Sheet(
        locale=locale,
        clinic_name=clinic["name"],
        clinic_address=clinic["address"],
        clinic_phone=clinic["phone"],
        clinic_email=clinic["email"],
        practitioner_name=practitioner["name"],
        qualification=practitioner["qualification"],
        registration=practitioner["registration"],
        practitioner_phone=practitioner["phone"],
        patient_name=patient["name"],
        patient_facts=facts_text(born_of(printed), day),
        patient_address=patient["address"],
        patient_phone=patient["phone"],
        mrn=patient["mrn"],
        written_on=show_date(day),
        valid_until=show_date(prescription.valid_until) if prescription.valid_until else "",
        reference=prescription.reference,
        diagnoses=tuple(printed["diagnoses"]),
        allergies=", ".join(printed["allergies"]),
        vitals=_vital_words(printed["vitals"]),
        general=general,
        ayurvedic=ayurvedic,
        pathya=_listed(prescription.pathya),
        apathya=_listed(prescription.apathya),
        tests=_listed(prescription.tests),
        advice=prescription.advice,
        review_on=show_date(prescription.review_on) if prescription.review_on else "",
        signed_at=show_moment_of(prescription, zone),
        signature_name=practitioner["name"] if prescription.signed_at else "",
        verify_code=code,
        verify_url=verify_url(code) if code else "",
        is_draft=prescription.signed_at is None,
        withdrawn=withdrawn_words(prescription),
        overrides=tuple(f"{item.text} ({item.reason})" if item.reason else item.text for item in acceptances),
    )


def withdrawn_words(prescription: Prescription) -> str:
    """Why it no longer holds, in the language in use; empty while it does."""
    if prescription.ended_at is None:
        return ""
    day = show_date(prescription.ended_at, prescription.facility.zone)
    if prescription.status == "superseded":
        return _("Replaced by a newer prescription on %(day)s", day=day)
    return _("Stopped on %(day)s: %(reason)s", day=day, reason=prescription.end_reason or "")


def show_moment_of(prescription: Prescription, zone: str) -> str:
    """When it was signed: ``24 Nov 2026, 10:42``; empty for a draft."""
    if prescription.signed_at is None:
        return ""
    return f"{show_date(prescription.signed_at, zone)}, {show_time(prescription.signed_at, zone)}"


def _numbered(
    lines: Sequence[PrescriptionLine],
) -> tuple[tuple[SheetLine, ...], tuple[SheetLine, ...]]:
    """The general lines and the Ayurvedic ones, each numbered on through both."""
    kinds: dict[str, list[SheetLine]] = {"general": [], "ayurvedic": []}
    ordered = sorted(lines, key=_general_first)
    for number, row in enumerate(ordered, start=1):
        kinds[row.kind].append(sheet_line(number, row))
    return tuple(kinds["general"]), tuple(kinds["ayurvedic"])


def sheet_line(number: int, row: PrescriptionLine) -> SheetLine:
    """One medicine in the language in use. Generic names are in capitals: the law wants them legible."""
    line = line_of(row)
    instructions = line.instructions
    if row.stopped_at is not None:
        instructions = _("STOPPED: %(reason)s", reason=row.stop_reason or "")
    food = plain(FOOD, line.food) if line.food else ""
    return SheetLine(
        number=number,
        name=line.name.upper(),
        form=_said(FORMS, line.form) or _said(KALPANAS, line.kalpana),
        strength=line.strength,
        dosing=line.dosing.shown(line.dose) if line.dosing else line.dosing_typed,
        plain=", ".join(part for part in (dosing_words(line.dosing, line.dose), food) if part),
        duration=show_duration(line.duration) or line.duration_typed,
        quantity=quantity_words(line),
        route=_said(ROUTES, line.route),
        instructions=instructions,
        brand=line.brand,
        anupana=anupana_words(line.anupana),
        sevana_kala=kala_words(line),
        substitution=_("No other brand instead") if line.no_substitution else "",
    )


def _said(words: Mapping[str, Word], code: str) -> str:
    return plain(words, code) if code else ""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _vital_words(vitals: Mapping[str, str]) -> str:
    """``63.4 kg · BP 148/96 · pulse 82 · 36.7 °C``."""
    parts = []
    if "weight_kg" in vitals:
        parts.append(_("%(number)s kg", number=vitals["weight_kg"]))
    if "systolic_mmhg" in vitals and "diastolic_mmhg" in vitals:
        parts.append(_("BP %(pair)s", pair=f"{vitals['systolic_mmhg']}/{vitals['diastolic_mmhg']}"))
    if "pulse_per_min" in vitals:
        parts.append(_("pulse %(number)s", number=vitals["pulse_per_min"]))
    if "temperature_c" in vitals:
        parts.append(f"{vitals['temperature_c']} °C")
    return " · ".join(parts)
