"""Assessments in words: kinds, doshas, results, answers, and each in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.encounters.assessments.definitions import DOSHAS, Field, FieldKind, Item, form_of, forms
from clinic.encounters.assessments.typed import plain_number
from clinic.encounters.models import AssessmentKind
from clinic.patients.display import prakriti_word


def kind_word(kind: str) -> str:
    """``Prakriti``, ``Vikriti``, ``Ashtavidha pariksha`` …"""
    form = forms().get(kind)
    return form.words.said if form else _("Prakriti")


def kind_gloss(kind: str) -> str:
    """What a kind is, in one line."""
    form = forms().get(kind)
    return form.gloss.said if form else _("Constitution: 18 questions, scored and then confirmed")


def dosha_word(dosha: str) -> str:
    """``Vata``."""
    return prakriti_word(dosha)


def severity_words(dosha: str, state: str, severity: int) -> str:
    """``Vata raised, 2 of 3``."""
    if state == "sama":
        return _("%(dosha)s balanced", dosha=dosha_word(dosha))
    if state == "vriddhi":
        return _("%(dosha)s raised, %(severity)s of 3", dosha=dosha_word(dosha), severity=severity)
    return _("%(dosha)s reduced, %(severity)s of 3", dosha=dosha_word(dosha), severity=severity)


def scale_word(code: str) -> str:
    """A step of a dosha's scale alone: ``vriddhi 2``, as ``raised, 2 of 3``."""
    state, _dash, severity = code.partition("-")
    if state == "sama":
        return _("balanced")
    if state == "vriddhi":
        return _("raised, %(severity)s of 3", severity=severity)
    return _("reduced, %(severity)s of 3", severity=severity)


def scale_number(code: str) -> int:
    """A step of a dosha's scale as a number from -3 to 3."""
    state, _dash, severity = code.partition("-")
    return -int(severity) if state == "kshaya" else int(severity or 0)


def percent_words(percent: Mapping[str, int]) -> str:
    """``vata 52, pitta 31, kapha 17``."""
    return ", ".join(f"{dosha_word(dosha).lower()} {percent[dosha]}" for dosha in DOSHAS)


def answer_words(field: Field, value: Any) -> str:
    """An answer in the reader's language; empty for none."""
    if value in (None, "", []):
        return ""
    match field.kind:
        case FieldKind.DOSHA:
            return scale_word(value)
        case FieldKind.CHOICE:
            return _option_words(field, value)
        case FieldKind.CHOICES:
            return ", ".join(_option_words(field, code) for code in value)
        case FieldKind.NUMBER:
            return f"{plain_number(value)} {field.unit}".strip()
        case FieldKind.TEXT:
            return str(value)


def tendency_words(item: Item, given: Any) -> str:
    """``Thin, narrow; also medium`` for an answer to a prakriti question; empty for none."""
    known = [item.tendencies[dosha].said for dosha in given or [] if dosha in item.tendencies]
    if len(known) > 1:
        return _("%(first)s; also: %(second)s", first=known[0], second=known[1])
    return known[0] if known else ""


def summary(facts: Mapping[str, Any]) -> str:
    """An assessment in one line, from its typed columns by name."""
    kind = facts["kind"]
    if kind == AssessmentKind.PRAKRITI:
        if facts.get("vata_percent") is None:
            return ""
        shares = percent_words({dosha: facts[f"{dosha}_percent"] for dosha in DOSHAS})
        result = prakriti_word(facts.get("result"))
        return f"{result} ({shares})" if result else shares
    parts = [
        severity_words(dosha, facts[f"{dosha}_state"], facts[f"{dosha}_severity"])
        for dosha in DOSHAS
        if facts.get(f"{dosha}_state") not in (None, "sama")
    ]
    if not parts and facts.get("vata_state"):
        parts = [_("All three doshas balanced")]
    parts += [
        _short(field, facts[name])
        for name in ("ama", "agni", "koshtha", "stage")
        if facts.get(name) and (field := _column_field(name)) is not None
    ]
    return "; ".join(parts)


def _short(field: Field, code: str) -> str:
    """``nirama``, ``agni manda``: as practitioners say it among themselves."""
    option = field.option(code)
    word = (option.words.beside or option.words.said) if option else code
    return f"{field.words.beside or field.words.said} {word}" if field.code in ("agni", "koshtha") else word


def _column_field(name: str) -> Field | None:
    form = form_of(AssessmentKind.VIKRITI)
    return form.field(name) if form else None


def _option_words(field: Field, code: str) -> str:
    option = field.option(code)
    if option is None:
        return code
    return f"{option.words.said} ({option.words.beside})" if option.words.beside else option.words.said
