"""What stands in the way of a prescription: allergies, the same twice, and the clinic's rules.

Pure functions over what was read: the same answer on every save, at signing and in a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.text import fold
from clinic.prescriptions.checks.facts import Facts, Rule
from clinic.prescriptions.checks.substances import IN_KALPANA, holds_words, substances_in
from clinic.prescriptions.reading import LineRead

BLOCK, WARN = "block", "warn"
Lines = Mapping[int, LineRead]
"""The lines of a prescription by their ids, in order."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found. ``key`` is the same as long as it is about the same medicine for the same cause: what
    was accepted once is asked again when either changes. A block needs a reason to be set aside.
    """

    key: str
    level: str
    line_id: int
    text: str
    reason: str = ""
    accepted_by: str = ""

    @property
    def settled(self) -> bool:
        return bool(self.accepted_by)


def find(lines: Lines, facts: Facts) -> list[Finding]:
    """Everything found, line by line, blocks first within a line; each with whether it is settled."""
    found = [
        *(finding for line_id, line in lines.items() for finding in _allergies(line_id, line, facts)),
        *_twice(lines, facts),
        *(finding for line_id, line in lines.items() for finding in _rules(line_id, line, facts)),
    ]
    order = {line_id: at for at, line_id in enumerate(lines)}
    found.sort(key=lambda item: (order[item.line_id], item.level != BLOCK))
    settled = []
    for item in found:
        accepted = facts.accepted.get(item.key)
        settled.append(
            Finding(
                key=item.key,
                level=item.level,
                line_id=item.line_id,
                text=item.text,
                reason=accepted.reason if accepted else "",
                accepted_by=accepted.by if accepted else "",
            )
        )
    return settled


def _finding(at: tuple[int, LineRead], code: str, level: str, text: str, cause: str = "") -> Finding:
    line_id, line = at
    about = sha256(f"{fold(line.name)}|{fold(cause)}".encode()).hexdigest()[:12]
    return Finding(key=f"{code}:{level}:{line_id}:{about}", level=level, line_id=line_id, text=text)


def words_of(line: LineRead) -> str:
    """Everything a line says about what is taken: name, brand, what it is made of, what it is taken with."""
    parts = (line.name, line.brand, line.ingredients, line.anupana, line.instructions)
    return " . ".join(part for part in parts if part)


def substances_of(line: LineRead) -> set[str]:
    """The substances of a line by its words, and by what its preparation is made with."""
    taken = " . ".join((line.name, line.brand, line.ingredients, line.anupana))
    return substances_in(taken) | set(IN_KALPANA.get(line.kalpana, ()))


def _allergies(line_id: int, line: LineRead, facts: Facts) -> Iterator[Finding]:
    said = words_of(line)
    holds = substances_of(line)
    for allergy in facts.allergies:
        if holds_words(said, [allergy.substance]) or holds & substances_in(allergy.substance):
            name = allergy.substance + (f" ({allergy.reaction})" if allergy.reaction else "")
            text = _("%(medicine)s: allergy to %(substance)s", medicine=line.title, substance=name)
            yield _finding((line_id, line), "allergy", BLOCK, text, allergy.substance)


def _twice(lines: Lines, facts: Facts) -> Iterator[Finding]:
    """The same medicine or general ingredient again: here, in what runs, in what the patient takes."""
    seen: list[tuple[LineRead, set[str]]] = []
    for line_id, line in lines.items():
        mine = things_in(line)
        for earlier, theirs in seen:
            if mine & theirs:
                text = _(
                    "%(medicine)s is here twice, also as %(other)s", medicine=line.title, other=earlier.title
                )
                yield _finding((line_id, line), "twice", WARN, text, earlier.name)
        for running in facts.running:
            if mine & things_in(running.line):
                text = _(
                    "%(medicine)s runs already, prescribed by %(who)s",
                    medicine=running.name,
                    who=running.practitioner,
                )
                yield _finding((line_id, line), "runs", WARN, text, f"{running.line_id}")
        for taken in facts.taken:
            if mine & _things(taken):
                text = _("The patient says they take %(medicine)s already", medicine=taken)
                yield _finding((line_id, line), "taken", WARN, text, taken)
        seen.append((line, mine))


_SEPARATED = re.compile(r"\s*(?:\+|/|,|&|\band\b|\bwith\b)\s*", re.IGNORECASE)
_STRENGTH = re.compile(r"\b\d+(?:\.\d+)?\s*(?:mg|mcg|g|ml|iu|%)?\b", re.IGNORECASE)
_FORMS = re.compile(
    r"\b(?:tab|tablet|cap|capsule|syp|syrup|inj|injection|oint|cream|sr|er|xr|od)\b\.?", re.IGNORECASE
)


def things_in(line: LineRead) -> set[str]:
    """What a line is, to be compared: of a general medicine each ingredient, under any of its names; of an
    Ayurvedic one its own name, for many share a herb.
    """
    if line.kind == "general":
        return _things(", ".join(part for part in (line.name, line.ingredients) if part))
    return {fold(line.name)} - {""}


def _things(text: str) -> set[str]:
    bare = _FORMS.sub(" ", _STRENGTH.sub(" ", text))
    found = set()
    for part in _SEPARATED.split(bare):
        folded = fold(part)
        if folded:
            codes = substances_in(part) & {"paracetamol"}
            found |= codes or {folded}
    found.add(fold(text))
    return found - {""}


def _rules(line_id: int, line: LineRead, facts: Facts) -> Iterator[Finding]:
    for rule in facts.rules:
        if _meant(rule, line) and _holds(rule, facts):
            words = rule.message_hi if locale_tag() == "hi" and rule.message_hi else rule.message
            text = f"{line.title}: {words}"
            yield _finding((line_id, line), f"rule-{rule.code}", rule.level, text, line.anupana)


def _meant(rule: Rule, line: LineRead) -> bool:
    said = words_of(line)
    if rule.kalpanas or rule.words:
        named = line.kalpana in rule.kalpanas or holds_words(said, rule.words)
        if not named:
            return False
    if rule.words_with and not holds_words(said, rule.words_with):
        return False
    return not holds_words(said, rule.unless)


def _holds(rule: Rule, facts: Facts) -> bool:
    """Whether a rule's condition holds for the patient."""
    if rule.condition in ("younger", "older"):
        if facts.years is None or rule.years is None:
            return False
        return facts.years < rule.years if rule.condition == "younger" else facts.years > rule.years
    return {
        "always": True,
        "pregnancy": facts.pregnant,
        "lactation": facts.nursing,
        "condition": any(holds_words(text, rule.patient_words) for text in facts.conditions),
    }[rule.condition]


def problems_of(lines: Lines, *, has_texts: bool) -> dict[str, str]:
    """What is missing or unreadable before signing: words by form name, in the order of the form."""
    if not lines and not has_texts:
        return {"new-name": _("Add a medicine first.")}
    problems: dict[str, str] = {}
    for line_id, line in lines.items():
        for name, words in line_problems(line).items():
            problems[f"line-{line_id}-{name}"] = words
    return problems


def line_problems(line: LineRead) -> dict[str, str]:
    """What a line lacks by field; nothing here keeps a draft from being saved."""
    problems: dict[str, str] = {}
    if not line.name:
        problems["name"] = _("Write the name of the medicine.")
    if line.dose is None:
        problems["dose"] = (
            _("Write the dose as a number with its unit: 5 ml, 1 tablet, ½ teaspoon.")
            if line.dose_typed
            else _("The dose is missing.")
        )
    if line.dosing is None:
        problems["dosing"] = (
            _("Write how often as 1-0-1, BD, TDS, HS, SOS, weekly or every 6 hours.")
            if line.dosing_typed
            else _("How often is missing.")
        )
    as_needed = line.dosing is not None and line.dosing.frequency in ("sos", "stat")
    if line.duration_typed:
        problems["duration"] = _("Write how long as 14 days, 2 weeks, 1 month, or until the next visit.")
    elif line.duration is None and not as_needed:
        problems["duration"] = _("How long is missing.")
    if not problems and not line.quantity and line.reckoned is None:
        problems["quantity"] = _("Write the total quantity: it cannot be reckoned here.")
    return problems


def unsettled(findings: Sequence[Finding]) -> list[Finding]:
    """Those that nobody has set aside yet."""
    return [item for item in findings if not item.settled]
