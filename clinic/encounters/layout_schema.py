"""Which layouts are whole: what a template may be made of, checked before a note is ever written in it.

The rules have a version, kept with each template. A layout that was right when it was published stays
readable: ``read_layout`` passes over what it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.encounters.layout import SCALE, FieldKind, SectionKind, read_day
from clinic.encounters.vitals import MEASURES, MOMENTS

SCHEMA = 1
MOST_SECTIONS = 20
MOST_FIELDS = 40
"""In one section."""
MOST_OPTIONS = 40
MOST_PHRASES = 20
LONGEST_LABEL = 80
LONGEST_HINT = 200
LONGEST_PHRASE = 300
LONGEST_DEFAULT = 4000
SCALES = (3, 5, 10)
KINDS = (*(kind.value for kind in FieldKind), SCALE)
WITH_OPTIONS = (FieldKind.CHOICE.value, FieldKind.CHOICES.value)
WITH_PHRASES = (FieldKind.TEXT.value,)
WITH_UNIT = (FieldKind.NUMBER.value,)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NUMBER = re.compile(r"[0-9]{1,6}([.,][0-9]{1,3})?")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
TAKEN = frozenset({"vitals"})

Problems = dict[str, str]
"""What is wrong, in words, by place: ``name``, ``s0-title``, ``s0f1-label`` …"""


def layout_problems(data: Mapping[str, Any]) -> Problems:
    """What keeps a layout from being published, by place in order; empty when it is whole."""
    sections = data.get("sections")
    if not isinstance(sections, list) or not sections:
        return {"layout": _("Add a section first.")}
    found: Problems = {}
    if len(sections) > MOST_SECTIONS:
        found["layout"] = _("At most %(count)d sections.", count=MOST_SECTIONS)
    codes: set[str] = set()
    moments: set[str] = set()
    if not any(section.get("fields") or section.get("measures") for section in sections):
        found["layout"] = _("Nothing can be written here yet. Add a field.")
    for at, section in enumerate(sections[:MOST_SECTIONS]):
        for place, words in _section_problems(section, codes, moments):
            found.setdefault(f"s{at}{place}", words)
    if sum(section.get("kind") == SectionKind.NEXT.value for section in sections) > 1:
        found["layout"] = _("The next visit can stand in the note once.")
    return found


def _section_problems(
    section: Mapping[str, Any], codes: set[str], moments: set[str]
) -> Iterator[tuple[str, str]]:
    title = section.get("title")
    if not isinstance(title, str) or not title.strip():
        yield "-title", _("Name the section.")
    elif len(title) > LONGEST_LABEL:
        yield "-title", _too_long(LONGEST_LABEL)
    if section.get("kind", "fields") not in {kind.value for kind in SectionKind}:
        yield "-title", _("There is no such kind of section.")
    if section.get("kind") == SectionKind.VITALS.value:
        moment = section.get("moment")
        if moment not in MOMENTS:
            yield "-moment", _("Choose before or after.")
        elif moment in moments:
            yield "-moment", _("Another section has the measurements of this moment already.")
        moments.add(str(moment))
        if not [code for code in section.get("measures", ()) if code in MEASURES]:
            yield "-measures", _("Choose what is measured.")
    fields = section.get("fields", [])
    if len(fields) > MOST_FIELDS:
        yield "-title", _("At most %(count)d fields in one section.", count=MOST_FIELDS)
    for at, item in enumerate(fields[:MOST_FIELDS]):
        for place, words in _field_problems(item, codes):
            yield f"f{at}-{place}", words


def _field_problems(item: Mapping[str, Any], codes: set[str]) -> Iterator[tuple[str, str]]:
    label, code, kind = item.get("label"), item.get("code"), item.get("kind")
    if not isinstance(label, str) or not label.strip():
        yield "label", _("Name the field.")
    elif len(label) > LONGEST_LABEL:
        yield "label", _too_long(LONGEST_LABEL)
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code in TAKEN or code in codes:
        yield "label", _("Another field has this name. Call it something else.")
    codes.add(str(code))
    if kind not in KINDS:
        yield "kind", _("There is no such kind of field.")
    if len(str(item.get("hint", ""))) > LONGEST_HINT:
        yield "hint", _too_long(LONGEST_HINT)
    if len(str(item.get("unit", ""))) > 20:
        yield "unit", _too_long(20)
    options: Sequence[Any] = item.get("options", ())
    if kind in WITH_OPTIONS:
        yield from _option_problems(options)
    if kind == SCALE and item.get("most") not in SCALES:
        yield "most", _("Choose how far the scale goes.")
    if len(item.get("phrases", ())) > MOST_PHRASES:
        yield "phrases", _("At most %(count)d phrases.", count=MOST_PHRASES)
    if any(len(phrase) > LONGEST_PHRASE for phrase in item.get("phrases", ())):
        yield "phrases", _too_long(LONGEST_PHRASE)
    words = _default_problem(item, {option[0] for option in options})
    if words:
        yield "default", words


def _option_problems(options: Sequence[Any]) -> Iterator[tuple[str, str]]:
    if len(options) < 2:
        yield "options", _("Write at least two answers, one in a line.")
    if len(options) > MOST_OPTIONS:
        yield "options", _("At most %(count)d answers.", count=MOST_OPTIONS)
    if len({option[0] for option in options}) < len(options) or len({option[1] for option in options}) < len(
        options
    ):
        yield "options", _("Each answer may stand there once.")
    if any(len(str(part)) > LONGEST_LABEL for option in options for part in option):
        yield "options", _too_long(LONGEST_LABEL)


def _default_problem(item: Mapping[str, Any], values: set[str]) -> str:  # noqa: PLR0911 - a table by kind
    default, kind = item.get("default", ""), item.get("kind")
    if not default:
        return ""
    if kind == SCALE:
        most = int(item.get("most") or 0)
        right = isinstance(default, str) and default.isdigit() and int(default) <= most
        return "" if right else _("From 0 to %(most)d", most=most)
    if kind in WITH_OPTIONS:
        picked = default if isinstance(default, list) else [default]
        many = kind == FieldKind.CHOICES.value
        return "" if set(picked) <= values and (many or len(picked) == 1) else _("Choose one of the answers.")
    text = str(default)
    if len(text) > LONGEST_DEFAULT:
        return _too_long(LONGEST_DEFAULT)
    if kind == FieldKind.NUMBER.value and not _NUMBER.fullmatch(text):
        return _("A number, please")
    if kind == FieldKind.TIME.value and not _TIME.fullmatch(text):
        return _("A time such as 10:30")
    if kind == FieldKind.DATE.value and read_day(text) is None:
        return _("A day such as 2026-11-24")
    return ""


def _too_long(most: int) -> str:
    return _("At most %(max)d characters.", max=most)
