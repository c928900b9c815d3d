"""A line between its texts and its numbers: as a form, a favourite or a set says it, and as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clinic.core.text import clean, fold, one_line
from clinic.prescriptions.dosing import (
    ONE,
    ZERO,
    Dose,
    Dosing,
    Duration,
    read_dose,
    read_dosing,
    read_duration,
)
from clinic.prescriptions.plain import all_anupanas, quantity_of
from clinic.prescriptions.words import (
    COUNTED,
    FOOD,
    FORM_OF,
    FORMS,
    KALPANA_OF,
    KALPANAS,
    ROUTES,
    SEVANA_KALAS,
    UNIT_OF_FORM,
    last_code,
)

LONGEST = {
    "name": 200,
    "brand": 200,
    "strength": 60,
    "dose": 40,
    "dosing": 120,
    "duration": 40,
    "quantity": 40,
    "anupana": 120,
    "instructions": 500,
    "ingredients": 500,
}
CODES = {"form": FORMS, "kalpana": KALPANAS, "route": ROUTES, "food": FOOD, "sevana_kala": SEVANA_KALAS}
FIELDS = ("kind", *LONGEST, *CODES, "no_substitution")
"""The names of a line's texts, in forms (``line-<id>-<name>``), favourites and sets."""


@dataclass(frozen=True, kw_only=True)
class LineRead:
    """A line as it is understood. What could not be read is None, its text in ``…_typed``."""

    kind: str
    name: str
    brand: str = ""
    form: str = ""
    strength: str = ""
    kalpana: str = ""
    ingredients: str = ""
    dose: Dose | None = None
    dose_typed: str = ""
    route: str = ""
    dosing: Dosing | None = None
    dosing_typed: str = ""
    duration: Duration | None = None
    duration_typed: str = ""
    quantity: str = ""
    food: str = ""
    sevana_kala: str = ""
    anupana: str = ""
    instructions: str = ""
    no_substitution: bool = False

    @property
    def reckoned(self) -> Dose | None:
        """The quantity where none was typed and it can be reckoned."""
        return None if self.quantity else quantity_of(self.dosing, self.dose, self.duration)

    @property
    def title(self) -> str:
        """``Paracetamol 500 mg``: the name with its strength."""
        return " ".join(part for part in (self.name, self.strength) if part)


def read_line(texts: Mapping[str, str]) -> LineRead:
    """A line from its texts; unknown codes and names are left out, texts cut to what is kept.

    The dosing may say more than how often (``5 ml bd after food x 5 days``): what it says fills the dose,
    food and duration that are empty.
    """
    said = {name: one_line(texts.get(name, ""))[:most] for name, most in LONGEST.items()}
    said["instructions"] = " ".join(clean(texts.get("instructions", "")).split())[: LONGEST["instructions"]]
    codes = {name: texts.get(name, "") if texts.get(name) in known else "" for name, known in CODES.items()}
    kind = "general" if texts.get("kind") == "general" else "ayurvedic"
    if kind == "general":
        codes["kalpana"] = codes["sevana_kala"] = ""
    else:
        codes["form"] = codes["food"] = ""
    bare = UNIT_OF_FORM.get(codes["form"] or codes["kalpana"], "")
    read = read_dosing(said["dosing"])
    dose = read_dose(said["dose"], bare_unit=bare)
    duration = read_duration(said["duration"]) if said["duration"] else None
    if read is not None:
        if not said["dose"]:
            dose = read.dose or (Dose(amount=ONE, unit=bare) if bare in COUNTED else None)
        elif read.dose is not None and read.dose != dose:
            read = None  # two doses in one line: nobody but the writer can say which
    if read is not None:
        duration = duration or (read.duration if not said["duration"] else None)
        if read.food:
            _take_food(codes, kind, read.food)
    return LineRead(
        kind=kind,
        name=said["name"],
        brand=said["brand"],
        strength=said["strength"],
        ingredients=said["ingredients"],
        anupana=said["anupana"],
        instructions=said["instructions"],
        quantity=said["quantity"],
        dose=dose,
        dose_typed="" if dose else said["dose"],
        dosing=read.dosing if read else None,
        dosing_typed="" if read else said["dosing"],
        duration=duration,
        duration_typed="" if duration else said["duration"],
        no_substitution=texts.get("no_substitution") in ("y", "1", "on", "true"),
        **codes,
    )


_KALA_OF_FOOD = {"after": "adhobhakta", "before": "pragbhakta", "with": "sabhakta", "empty": "abhakta"}


def _take_food(codes: dict[str, str], kind: str, food: str) -> None:
    if kind == "general":
        codes["food"] = codes["food"] or food
    else:
        codes["sevana_kala"] = codes["sevana_kala"] or _KALA_OF_FOOD.get(food, "")


def columns_of(line: LineRead) -> dict[str, Any]:
    """The values of a row of ``prescription_lines``."""
    dosing, times = line.dosing, line.dosing is not None and line.dosing.frequency == "times"
    part = {
        name: getattr(dosing, name) if times else None for name in ("morning", "noon", "evening", "night")
    }
    plain_columns = (
        "kind", "name", "brand", "form", "strength", "kalpana", "ingredients", "dose_typed", "route",
        "dosing_typed", "duration_typed", "quantity", "food", "sevana_kala", "anupana", "instructions",
        "no_substitution",
    )  # fmt: skip
    return {
        **{name: getattr(line, name) for name in plain_columns},
        "dose_amount": line.dose.amount if line.dose else None,
        "dose_unit": line.dose.unit if line.dose else None,
        "frequency": dosing.frequency if dosing else None,
        **part,
        "takes": dosing.takes if dosing and not times else None,
        "every_hours": dosing.every_hours if dosing else None,
        "duration": line.duration.count if line.duration else None,
        "duration_unit": line.duration.unit if line.duration else None,
    }


def line_of(row: Any) -> LineRead:
    """A row (or anything with its columns) as it is understood."""
    dosing = None
    if row.frequency:
        dosing = Dosing(
            frequency=row.frequency,
            morning=_number(row.morning),
            noon=_number(row.noon),
            evening=_number(row.evening),
            night=_number(row.night),
            takes=_number(row.takes) or ONE,
            every_hours=row.every_hours,
        )
    return LineRead(
        kind=row.kind,
        name=row.name,
        brand=row.brand,
        form=row.form,
        strength=row.strength,
        kalpana=row.kalpana,
        ingredients=row.ingredients,
        dose=Dose(amount=row.dose_amount, unit=row.dose_unit) if row.dose_unit else None,
        dose_typed=row.dose_typed,
        route=row.route,
        dosing=dosing,
        dosing_typed=row.dosing_typed,
        duration=Duration(count=row.duration, unit=row.duration_unit) if row.duration_unit else None,
        duration_typed=row.duration_typed,
        quantity=row.quantity,
        food=row.food,
        sevana_kala=row.sevana_kala,
        anupana=row.anupana,
        instructions=row.instructions,
        no_substitution=row.no_substitution,
    )


def _number(value: Decimal | None) -> Decimal:
    return value if value is not None else ZERO


def texts_of(line: LineRead) -> dict[str, str]:
    """The texts of a line as a form shows them; ``read_line`` makes the same line of them."""
    return {
        "kind": line.kind,
        "name": line.name,
        "brand": line.brand,
        "strength": line.strength,
        "ingredients": line.ingredients,
        "dose": line.dose.text if line.dose else line.dose_typed,
        "dosing": line.dosing.notation if line.dosing else line.dosing_typed,
        "duration": line.duration.text if line.duration else line.duration_typed,
        "quantity": line.quantity,
        "anupana": line.anupana,
        "instructions": line.instructions,
        "form": line.form,
        "kalpana": line.kalpana,
        "route": line.route,
        "food": line.food,
        "sevana_kala": line.sevana_kala,
        "no_substitution": "y" if line.no_substitution else "",
    }


def quick_line(text: str) -> dict[str, str]:
    """The texts of a line typed in one go: ``Tab Paracetamol 500 mg 1-0-1 x 5 days``, ``Triphala churna hs``.

    The longest end that reads as dosing is the dosing; a first word such as Tab is the form; a last word of
    the name such as churna the kalpana, which makes it Ayurvedic; a dose at the end of the name its strength.
    "With honey" is what it is taken with, Ayurvedic too; after Tab and the like it is advice.
    """
    words, anupana, phrase = _without_anupana(one_line(text)[:200].split(" "))
    texts = {"kind": "general", "name": "", "dosing": ""}
    if len(words) > 1 and (form := FORM_OF.get(fold(words[0]))):
        texts["form"], words = form, words[1:]
    if anupana and "form" in texts:
        texts["instructions"] = phrase
    elif anupana:
        texts.update(kind="ayurvedic", anupana=anupana)
    for at in range(1, len(words)):
        read = read_dosing(" ".join(words[at:]))
        if read is None or (read.dose and _is_strength(read.dose, texts.get("form", ""))):
            continue
        texts["dosing"] = " ".join(words[at:])
        words = words[:at]
        break
    strength = _trailing_strength(words)
    if strength:
        texts["strength"] = " ".join(words[-strength:])
        words = words[:-strength]
    texts["name"] = " ".join(words)
    kalpana = last_code(words[-1], KALPANA_OF) if len(words) > 1 else ""
    if kalpana and not texts.get("form"):
        texts.update(kind="ayurvedic", kalpana=kalpana)
    return texts


def _without_anupana(words: list[str]) -> tuple[list[str], str, str]:
    """The words but for "with warm water" or "शहद के साथ", what was named, and the phrase as typed; only
    the usual things are taken out, since a name may say "with" too (``Calcium with vitamin D3``).
    """
    for at in range(1, len(words)):
        if fold(words[at]) in ("with", "saha"):
            for end in range(len(words), at + 1, -1):
                if all_anupanas(said := " ".join(words[at + 1 : end])):
                    return words[:at] + words[end:], said, " ".join(words[at:end])
        if words[at : at + 2] == ["के", "साथ"]:
            for start in range(1, at):
                if all_anupanas(said := " ".join(words[start:at])):
                    return words[:start] + words[at + 2 :], said, " ".join(words[start : at + 2])
    return words, "", ""


def _is_strength(dose: Dose, form: str) -> bool:
    """Whether a weight is that of one piece and not a dose: ``Tab X 500 mg 1-0-1`` takes one."""
    return UNIT_OF_FORM.get(form, "") in COUNTED and dose.unit in ("mg", "g", "mcg", "unit")


def _trailing_strength(words: list[str]) -> int:
    """How many words at the end of a name are its strength: ``500 mg`` two, ``500mg`` one."""
    for count in (2, 1):
        if len(words) > count and (dose := read_dose(" ".join(words[-count:]))):
            return count if dose.unit in ("mg", "g", "mcg", "ml", "unit") else 0
    return 0
