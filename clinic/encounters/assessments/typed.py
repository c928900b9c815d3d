"""What a form carries, read and checked against its version, and split into typed columns and the body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.encounters.assessments.definitions import DOSHAS, Field, FieldKind, form_of, instrument
from clinic.encounters.assessments.scoring import Score, score
from clinic.encounters.models import Assessment
from clinic.encounters.models.assessment import CONSTITUTIONS
from clinic.encounters.vitals import DEVANAGARI_DIGITS

Typed = Mapping[str, Sequence[str]]
Values = dict[str, Any]
"""Field code to its answer: a code, a list of codes, a number, a text; for prakriti, item code to a list."""
LONGEST_TEXT = 4000
LONGEST_REASON = 500
_NUMBER = re.compile(r"[0-9]{1,4}([.,][0-9]{1,2})?")


@dataclass(frozen=True, kw_only=True)
class Content:
    """Everything of an assessment that is written: its answers, and for prakriti the chosen result."""

    values: Values
    result: str | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """How it is kept aside."""
        return {"values": self.values, "result": self.result, "reason": self.reason}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Content:
        """What ``as_json`` kept."""
        return cls(values=dict(kept["values"]), result=kept["result"], reason=kept["reason"])

    def contains(self, other: Content) -> bool:
        """Whether nothing that ``other`` says is missing here or different."""
        same = all(self.values.get(code) == value for code, value in other.values.items())
        return same and other.result in (None, self.result) and other.reason in ("", self.reason)


def content_of(assessment: Assessment) -> Content:
    """What an assessment says now, its columns and its body as one."""
    form = form_of(assessment.kind, assessment.form_version)
    values = dict(assessment.body)
    for field in form.fields if form else ():
        if field.column and (value := _from_column(assessment, field)) is not None:
            values[field.code] = value
    return Content(values=values, result=assessment.result, reason=assessment.result_reason or "")


def columns_of(assessment: Assessment, content: Content) -> dict[str, Any]:
    """The columns, body among them, that keep this content."""
    form = form_of(assessment.kind, assessment.form_version)
    if form is None:
        return {"body": content.values, **_prakriti_columns(assessment, content)}
    kept: dict[str, Any] = {}
    body = dict(content.values)
    for field in form.fields:
        if not field.column:
            continue
        value = body.pop(field.code, None)
        if field.kind is FieldKind.DOSHA:
            state, _dash, severity = (value or "").partition("-")
            kept[f"{field.column}_state"] = state or None
            kept[f"{field.column}_severity"] = int(severity) if severity else None
        else:
            kept[field.column] = value
    return {"body": body, **kept}


def read_typed(assessment: Assessment, typed: Typed) -> Content:
    """Read a form. What is not an answer of this version is not taken; a number that cannot be is kept as it
    was typed, and stands among the problems. Raises Invalid for a text too long to keep.
    """
    form = form_of(assessment.kind, assessment.form_version)
    if form is None:
        return _read_prakriti(assessment, typed)
    values: Values = {}
    for field in form.fields:
        value = _read_field(field, typed.get(field.code, ()))
        if value not in (None, "", []):
            values[field.code] = value
    return Content(values=values)


def problems_of(assessment: Assessment, content: Content) -> dict[str, str]:
    """What stands in the way of confirming, by field code, in the form's order; ``""`` is the whole form."""
    form = form_of(assessment.kind, assessment.form_version)
    if form is None:
        return _prakriti_problems(assessment, content)
    problems = {}
    for field in form.fields:
        value = content.values.get(field.code)
        if value is None:
            if field.required:
                problems[field.code] = _("Still empty")
        elif (why := field_problem(field, value)) is not None:
            problems[field.code] = why
    if not content.values:
        problems.setdefault("", _("Nothing is filled in yet."))
    return problems


def field_problem(field: Field, value: Any) -> str | None:
    """Why a value cannot be an answer to a field; None when it can."""
    match field.kind:
        case FieldKind.CHOICE | FieldKind.DOSHA:
            return None if value in field.codes else _("Choose one of these.")
        case FieldKind.CHOICES:
            known = isinstance(value, list) and field.codes.issuperset(value)
            return None if known else _("Choose among these.")
        case FieldKind.NUMBER:
            return _number_problem(field, value)
        case FieldKind.TEXT:
            return None if isinstance(value, str) and len(value) <= LONGEST_TEXT else _too_long(LONGEST_TEXT)


def score_of(assessment: Assessment, values: Values) -> Score | None:
    """What the answers to the prakriti questions come to."""
    return score(instrument(assessment.form_version), values)


def read_tendencies(first: str, second: str) -> list[str]:
    """An answer to one question: the first tendency, and another one as the second. Empty for none."""
    if first not in DOSHAS:
        return []
    return [first, second] if second in DOSHAS and second != first else [first]


def body_mass_index(values: Values) -> Decimal | None:
    """Kilograms per square metre from the form's own height and weight, one decimal."""
    height, weight = values.get("height_cm"), values.get("weight_kg")
    if not isinstance(height, int | float) or not isinstance(weight, int | float) or not height:
        return None
    return (Decimal(str(weight)) / (Decimal(str(height)) / 100) ** 2).quantize(Decimal("0.1"))


def plain_number(value: float | str) -> str:
    """``72`` or ``63.5``; what is no number stays as it was typed."""
    return value if isinstance(value, str) else f"{Decimal(str(value)).normalize():f}"


def _from_column(assessment: Assessment, field: Field) -> str | None:
    if field.kind is FieldKind.DOSHA:
        state = getattr(assessment, f"{field.column}_state")
        return f"{state}-{getattr(assessment, f'{field.column}_severity')}" if state else None
    value: str | None = getattr(assessment, field.column)
    return value


def _prakriti_columns(assessment: Assessment, content: Content) -> dict[str, Any]:
    reckoned = score_of(assessment, content.values)
    return {
        **{f"{dosha}_percent": reckoned.percent[dosha] if reckoned else None for dosha in DOSHAS},
        "suggested": reckoned.suggested if reckoned else None,
        "result": content.result,
        "result_reason": content.reason or None,
    }


def _read_prakriti(assessment: Assessment, typed: Typed) -> Content:
    values = {}
    for item in instrument(assessment.form_version).items:
        given = read_tendencies(_one(typed, f"{item.code}-first"), _one(typed, f"{item.code}-second"))
        if given:
            values[item.code] = given
    result, reason = _one(typed, "result"), clean(_one(typed, "reason")).strip()
    if len(reason) > LONGEST_REASON:
        raise Invalid(_too_long(LONGEST_REASON), field="reason")
    return Content(values=values, result=result if result in CONSTITUTIONS else None, reason=reason)


def _prakriti_problems(assessment: Assessment, content: Content) -> dict[str, str]:
    questions = instrument(assessment.form_version)
    reckoned = score_of(assessment, content.values)
    if reckoned is None:
        return {
            "": _(
                "At least %(needed)s of the %(count)s questions need an answer; %(given)s have one.",
                needed=questions.needed,
                count=len(questions.items),
                given=len(content.values),
            )
        }
    if content.result is None:
        return {"result": _("Choose the constitution that you confirm.")}
    if content.result != reckoned.suggested and not content.reason:
        return {"reason": _("Say why it is another than the answers suggest.")}
    return {}


def _read_field(field: Field, given: Sequence[str]) -> Any:
    first = given[0] if given else ""
    match field.kind:
        case FieldKind.CHOICE | FieldKind.DOSHA:
            picked = next((code for code in given if code), "")
            return picked if picked in field.codes else None
        case FieldKind.CHOICES:
            return [option.code for option in field.options if option.code in given]
        case FieldKind.NUMBER:
            return _read_number(field, clean(first).strip()[:40])
        case FieldKind.TEXT:
            text = clean(first).strip()
            if len(text) > LONGEST_TEXT:
                raise Invalid(_too_long(LONGEST_TEXT), field=field.code)
            return text


def _read_number(field: Field, text: str) -> int | float | str:
    latin = text.translate(DEVANAGARI_DIGITS)
    if not _NUMBER.fullmatch(latin):
        return text
    value = Decimal(latin.replace(",", "."))
    if _number_problem(field, float(value)) is not None:
        return text
    return int(value) if value == value.to_integral_value() else float(value)


def _number_problem(field: Field, value: Any) -> str | None:
    if isinstance(value, str):
        latin = value.translate(DEVANAGARI_DIGITS)
        if not _NUMBER.fullmatch(latin):
            return _("A number, please")
        value = latin.replace(",", ".")
    number = Decimal(str(value))
    if not field.least <= number <= field.most:
        return _("From %(least)s to %(most)s", least=f"{field.least:f}", most=f"{field.most:f}")
    if number != number.quantize(Decimal(1).scaleb(-field.decimals)):
        return (
            _("At most %(count)s decimals", count=field.decimals)
            if field.decimals
            else _("A whole number, please")
        )
    return None


def _one(typed: Typed, name: str) -> str:
    given = typed.get(name, ())
    return given[0] if given else ""


def _too_long(most: int) -> str:
    return _("At most %(count)s characters in one field.", count=most)


__all__ = [
    "Content",
    "Typed",
    "Values",
    "body_mass_index",
    "columns_of",
    "content_of",
    "field_problem",
    "plain_number",
    "problems_of",
    "read_tendencies",
    "read_typed",
    "score_of",
]
