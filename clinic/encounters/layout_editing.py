"""A layout as somebody edits it: read from one form, with a step such as moving a field, adding or removing.

Places are named by position: ``s0`` is the first section, ``s0f1`` its second field. The form carries every
value, so that nothing typed is lost whatever button is pressed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from clinic.core.text import clean, fold, one_line
from clinic.encounters.layout import SCALE, FieldKind, SectionKind
from clinic.encounters.layout_schema import KINDS, MOST_FIELDS, MOST_SECTIONS, WITH_OPTIONS
from clinic.encounters.vitals import MEASURES
from clinic.encounters.wording import said

Typed = Mapping[str, Sequence[str]]
_STEP = re.compile(
    r"(up|down|remove):s(\d{1,2})(?:f(\d{1,2}))?|add:(fields|vitals|next)|add-field:s(\d{1,2})"
)
LONGEST = 5000


def layout_of(typed: Typed, before: Mapping[str, Any]) -> dict[str, Any]:
    """The layout a form describes. ``before`` is the one it was drawn from: answers keep their values."""
    known = _known_options(before)
    sections = []
    for at in range(_count(typed, "sections", MOST_SECTIONS)):
        kind = _one(typed, f"s{at}-kind")
        section: dict[str, Any] = {
            "code": _one(typed, f"s{at}-code"),
            "title": _one(typed, f"s{at}-title"),
            "kind": kind if kind in set(SectionKind) else SectionKind.FIELDS.value,
        }
        if section["kind"] == SectionKind.VITALS.value:
            section["moment"] = _one(typed, f"s{at}-moment") or "before"
            section["measures"] = [code for code in typed.get(f"s{at}-measures", ()) if code in MEASURES]
        else:
            fields = range(_count(typed, f"s{at}-fields", MOST_FIELDS))
            section["fields"] = [_field(typed, f"s{at}f{number}", known) for number in fields]
        sections.append(section)
    _name(sections)
    return {"sections": sections}


def _field(typed: Typed, place: str, known: Mapping[str, list[Any]]) -> dict[str, Any]:
    kind = _one(typed, f"{place}-kind")
    field: dict[str, Any] = {
        "code": _one(typed, f"{place}-code"),
        "label": _one(typed, f"{place}-label"),
        "kind": kind if kind in KINDS else FieldKind.LINE.value,
    }
    for name in ("unit", "hint"):
        if text := _one(typed, f"{place}-{name}"):
            field[name] = text
    for name in ("required", "wide"):
        if _one(typed, f"{place}-{name}"):
            field[name] = True
    if field["kind"] in WITH_OPTIONS:
        field["options"] = _options(_lines(typed, f"{place}-options"), known.get(field["code"], []))
    if phrases := _lines(typed, f"{place}-phrases"):
        field["phrases"] = phrases
    if field["kind"] == SCALE:
        most = _one(typed, f"{place}-most")
        field["most"] = int(most) if most.isascii() and most.isdigit() and len(most) < 4 else 10
        ends = [_one(typed, f"{place}-low"), _one(typed, f"{place}-high")]
        if any(ends):
            field["ends"] = ends
    default = clean("".join(typed.get(f"{place}-default", ())[-1:]))[:LONGEST].strip()
    if default:
        field["default"] = _default(field, default)
    return field


def _default(field: Mapping[str, Any], text: str) -> str | list[str]:
    """What is typed as a default: of a choice the answers' words, one in a line."""
    if field["kind"] not in WITH_OPTIONS:
        return text
    values = {option[1].casefold(): option[0] for option in field["options"]}
    lines = [one_line(line) for line in text.split("\n") if line.strip()]
    picked = [values.get(line.casefold(), line) for line in lines]
    return picked if field["kind"] == FieldKind.CHOICES.value else "\n".join(picked)


def default_text(field: Mapping[str, Any]) -> str:
    """A default as it is typed."""
    default = field.get("default", "")
    labels = {option[0]: said(option[1]) for option in field.get("options", ())}
    picked = default if isinstance(default, list) else [default]
    return "\n".join(str(labels.get(value, value)) for value in picked)


def options_text(field: Mapping[str, Any]) -> str:
    """Answers as they are typed: one in a line, a term of the trade after a bar."""
    lines = ([said(option[1]), *option[2:]] for option in field.get("options", ()))
    return "\n".join(" | ".join(part for part in line if part) for line in lines)


def _options(lines: Sequence[str], before: Sequence[Any]) -> list[list[str]]:
    values = {label: option[0] for option in before for label in (option[1], said(option[1]))}
    taken = set(values.values())
    options = []
    for line in lines:
        label, _bar, term = (part.strip() for part in line.partition("|"))
        value = values.get(label) or _free(_slug(label) or "answer", taken)
        taken.add(value)
        options.append([value, label, term])
    return options


def changed(data: Mapping[str, Any], step: str) -> tuple[dict[str, Any], str]:
    """The layout after a step, and the place to go on at. A step that makes no sense changes nothing."""
    sections = [dict(section) for section in data.get("sections", ())]
    layout: dict[str, Any] = {"sections": sections}
    found = _STEP.fullmatch(step)
    if found is None:
        return layout, ""
    verb, section_at, field_at, kind, goal = found.groups()
    if kind:
        if len(sections) < MOST_SECTIONS:
            sections.append(_new_section(kind))
        place = f"s{len(sections) - 1}"
    elif goal is not None:
        place = _with_field(sections, int(goal))
    elif int(section_at) >= len(sections):
        return layout, ""
    elif field_at is None:
        place = _moved(sections, int(section_at), verb, "s{}")
    else:
        section = sections[int(section_at)]
        section["fields"] = fields = list(section.get("fields", ()))
        if int(field_at) >= len(fields):
            return layout, ""
        place = _moved(fields, int(field_at), verb, f"s{section_at}f{{}}")
    _name(sections)
    return layout, place


def _with_field(sections: list[dict[str, Any]], at: int) -> str:
    if at >= len(sections) or sections[at].get("kind") == SectionKind.VITALS.value:
        return ""
    fields = sections[at]["fields"] = list(sections[at].get("fields", ()))
    if len(fields) < MOST_FIELDS:
        fields.append({"code": "", "label": "", "kind": FieldKind.TEXT.value})
    return f"s{at}f{len(fields) - 1}"


def _moved(items: list[Any], at: int, verb: str, place: str) -> str:
    item = items.pop(at)
    if verb == "remove":
        return place.format(min(at, len(items) - 1)) if items else ""
    to = max(0, at - 1) if verb == "up" else min(len(items), at + 1)
    items.insert(to, item)
    return place.format(to)


def _new_section(kind: str) -> dict[str, Any]:
    section: dict[str, Any] = {"code": "", "title": "", "kind": kind}
    if kind == SectionKind.VITALS.value:
        return section | {"title": "", "moment": "before", "measures": ["blood_pressure", "pulse"]}
    return section | {"fields": []}


def _name(sections: list[dict[str, Any]]) -> None:
    """Give what is new a code of its own, from its label; what has one keeps it, so that notes fit."""
    taken = {str(section.get("code")) for section in sections}
    for section in sections:
        if not section.get("code"):
            section["code"] = _free(_slug(str(section.get("title"))) or "section", taken)
            taken.add(section["code"])
    fields = [field for section in sections for field in section.get("fields", ())]
    names = {str(field.get("code")) for field in fields} | {"vitals"}
    for field in fields:
        if not field.get("code") and field.get("label"):
            field["code"] = _free(_slug(str(field["label"])) or "field", names)
            names.add(field["code"])


def _slug(text: str) -> str:
    words = re.sub("[^a-z0-9]+", "_", fold(text)).strip("_")[:40].strip("_")
    return words if words[:1].isalpha() else (f"x_{words}" if words else "")


def _free(code: str, taken: set[str]) -> str:
    if code not in taken:
        return code
    number = 2
    while f"{code}_{number}" in taken:
        number += 1
    return f"{code}_{number}"


def _known_options(data: Mapping[str, Any]) -> dict[str, list[Any]]:
    fields = [field for section in data.get("sections", ()) for field in section.get("fields", ())]
    return {field["code"]: list(field.get("options", ())) for field in fields}


def _count(typed: Typed, name: str, most: int) -> int:
    text = _one(typed, name)
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _one(typed: Typed, name: str) -> str:
    return one_line("".join(typed.get(name, ())[-1:]))[:LONGEST]


def _lines(typed: Typed, name: str) -> list[str]:
    text = clean("".join(typed.get(name, ())[-1:]))[:LONGEST]
    return [one_line(line) for line in text.split("\n") if line.strip()]
