"""Entries of a health profile: how what was typed is read, and how an entry reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date, show_month
from clinic.core.text import clean, one_line
from clinic.patients.births import parse_birth, write_birth
from clinic.patients.health_kinds import (
    HABITS,
    PREGNANCY_STATUS,
    RELATIONS,
    Choices,
    HealthField,
    HealthKind,
    Values,
)
from clinic.patients.models import Patient

TERM = timedelta(days=280)
"""From the first day of the last period to the due date (Naegele's rule)."""
LONGEST_PREGNANCY = timedelta(days=330)
LONGEST_DATE = 20


class Unfit(Invalid):
    """Some fields cannot be right: ``problems`` says which and why."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("Something here needs another look."))
        self.problems = dict(problems)


def read_entry(kind: HealthKind, typed: Mapping[str, str], today: date) -> Values:
    """The columns of what was typed (field name to text). Raises Unfit."""
    values: Values = {}
    problems: dict[str, str] = {}
    for field in kind.fields:
        try:
            values.update(_read(field, typed.get(field.name, ""), today))
        except Invalid as error:
            problems[field.name] = error.message
    if not problems:
        problems = _together(kind, values, today)
    if kind.code == "condition" and "code" in values:
        values["code_system"] = _code_system(values["code"])
    if problems:
        raise Unfit(problems)
    return values


def _together(kind: HealthKind, values: Values, today: date) -> dict[str, str]:
    """What is wrong with fields that are right alone."""
    match kind.code:
        case "medicine" if values["since"] and values["until"] and values["since"] > values["until"]:
            return {"until": _("That is before it began.")}
        case "pregnancy" if values["lmp"] and values["status"] == "pregnant":
            if values["lmp"] < today - LONGEST_PREGNANCY:
                return {"lmp": _("That would be more than 47 weeks ago. Check the date.")}
        case "lifestyle" if not any(values.values()):
            return {"diet": _("Choose or write at least one thing.")}
        case _:
            pass
    return {}


def typed_entry(kind: HealthKind, values: Mapping[str, Any]) -> dict[str, str]:
    """An entry as it would be typed, for changing it."""
    typed: dict[str, str] = {}
    for field in kind.fields:
        value = values.get(field.name)
        if field.kind in ("when", "day"):
            typed[field.name] = write_birth(value, values.get(field.precision) or "day") if value else ""
        else:
            typed[field.name] = value or ""
    return typed


def words_of(kind: HealthKind, values: Mapping[str, Any]) -> tuple[str, str]:
    """How an entry reads: what it is, and the rest in a line."""
    get = values.get
    parts: list[str | None]
    match kind.code:
        case "condition":
            parts = [since_words(get("since"), get("since_precision")), get("treatment")]
            parts += [
                _("treated by %(who)s", who=get("treated_by")) if get("treated_by") else None,
                get("code"),
            ]
            return str(get("name")), _line(parts)
        case "medicine":
            until = get("until")
            parts = [get("dose"), get("often"), since_words(get("since"), get("since_precision"))]
            parts.append(
                _("until %(when)s", when=when_words(until, get("until_precision"))) if until else None
            )
            parts.append(_("ordered by %(who)s", who=get("ordered_by")) if get("ordered_by") else None)
            return str(get("name")), _line(parts)
        case "surgery":
            when = when_words(get("done_on"), get("done_precision"))
            return str(get("operation")), _line([when, get("place"), get("remark")])
        case "family":
            return f"{choice_word(RELATIONS, get('relation'))}: {get('condition')}", _line([get("remark")])
        case "pregnancy":
            due = due_on(values)
            parts = [_("due about %(day)s", day=show_date(due)) if due else None]
            parts.append(_("last period %(day)s", day=show_date(values["lmp"])) if get("lmp") else None)
            return choice_word(PREGNANCY_STATUS, get("status")), _line([*parts, get("remark")])
        case _:
            return str(kind.title), _line([f"{name}: {text}" for name, text in habits_of(values)])


def habits_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is known of how somebody lives: the habit, and what was chosen and said."""
    return [
        (str(label), _line([choice_word(choices, values.get(name)), values.get(f"{name}_words")]))
        for name, label, choices in HABITS
        if values.get(name) or values.get(f"{name}_words")
    ]


def asks_pregnancy(patient: Patient, today: date) -> bool:
    """Whether a pregnancy is asked about: not of a man, a child under ten, or somebody past sixty."""
    if patient.sex == "male":
        return False
    return patient.birth_date is None or 10 <= today.year - patient.birth_date.year <= 60


def due_on(values: Mapping[str, Any]) -> date | None:
    """The due date of a pregnancy whose last period is known."""
    lmp = values.get("lmp")
    return lmp + TERM if lmp and values.get("status") == "pregnant" else None


def choice_word(choices: Choices, value: str | None) -> str:
    """The word of a choice; empty for none."""
    return str(dict(choices).get(value or "", value or ""))


def when_words(day: date | None, precision: str | None) -> str:
    """``2015``, ``March 2015`` or ``14 Mar 2015``; empty for None."""
    if day is None:
        return ""
    if precision == "year":
        return str(day.year)
    return show_month(day) if precision == "month" else show_date(day)


def since_words(day: date | None, precision: str | None) -> str:
    """``since 2015``; empty for None."""
    return _("since %(when)s", when=when_words(day, precision)) if day else ""


def _line(parts: list[str | None]) -> str:
    return ", ".join(part for part in parts if part)


def _read(field: HealthField, text: str, today: date) -> Values:
    text = " ".join(clean(text).split()) if field.kind == "text" else one_line(text)
    if field.kind == "choice" and text and text not in dict(field.choices):
        raise Invalid(_("Choose one of these."))
    text = text or (field.usual if field.kind == "choice" else "")
    if not text and field.required:
        raise Invalid(str(field.required))
    if field.kind in ("when", "day"):
        return _read_day(field, text, today)
    if len(text) > field.longest:
        raise Invalid(_("At most %(max)d characters.", max=field.longest))
    return {field.name: text or None}


def _read_day(field: HealthField, text: str, today: date) -> Values:
    if not text:
        return {field.name: None} | ({field.precision: None} if field.precision else {})
    day, precision = parse_birth(text[:LONGEST_DATE], field=field.name)
    if field.kind == "day" and precision != "day":
        raise Invalid(_("Write the whole date: 14/03/2026."))
    if day > today and field.name != "until":
        raise Invalid(_("That is still to come."))
    if day.year < 1900 or day.year > today.year + 20:
        raise Invalid(_("Check the year."))
    return {field.name: day} | ({field.precision: str(precision)} if field.precision else {})


def _code_system(code: str | None) -> str | None:
    """Codes are told apart by their shape: ICD-10, ICD-11 TM2, NAMASTE; another is kept as it is."""
    if not code:
        return None
    if re.fullmatch(r"[A-Z]\d\d(\.\d{1,2})?", code):
        return "icd-10"
    if re.fullmatch(r"S[K-T][0-9][0-9A-Z]", code):
        return "icd-11-tm2"
    return "namaste" if re.fullmatch(r"[A-Z]{1,4}-\d+(\.\d+)*", code) else "other"
