"""How often, and how much at a time: read from what is typed, kept as numbers, shown as the notation.

``1-0-1`` counts doses in the morning, at noon and at night; with four numbers the third is the evening. OD,
BD, TDS, QID, HS, SOS, STAT, weekly, alternate days and every so many hours are orders of their own. Reading
and showing are each other's inverse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from clinic.core.text import fold, one_line
from clinic.prescriptions.numbers import NUMBER, plain_digits, read_number, show_number
from clinic.prescriptions.words import COUNTED, FOOD_OF, UNIT_OF

ZERO, ONE = Decimal(0), Decimal(1)
LONGEST = 200
MEASURES = frozenset(("ml", "g", "mg", "mcg"))


@dataclass(frozen=True, kw_only=True)
class Dose:
    """What is taken at once: ``amount`` of ``unit`` (a code of ``words.UNITS``)."""

    amount: Decimal
    unit: str

    @property
    def text(self) -> str:
        """``5 ml``, ``2 tablets``: as it is kept and typed over, in English whoever reads."""
        ending = ("es" if self.unit.endswith("ch") else "s") if self.unit not in MEASURES else ""
        return f"{show_number(self.amount)} {self.unit}{ending if self.amount > ONE else ''}"


@dataclass(frozen=True, kw_only=True)
class Dosing:
    """How often. For ``times`` the four amounts count doses; for the other orders ``takes`` doses are taken
    each time.
    """

    frequency: str
    morning: Decimal = ZERO
    noon: Decimal = ZERO
    evening: Decimal = ZERO
    night: Decimal = ZERO
    takes: Decimal = ONE
    every_hours: int | None = None

    @property
    def notation(self) -> str:
        """``1-0-1``, ``BD``, ``2 TDS``, ``6-hourly``."""
        if self.frequency == "times":
            return self._times()
        order = f"{self.every_hours}-hourly" if self.frequency == "hourly" else SHOWN[self.frequency]
        return order if self.takes == ONE else f"{show_number(self.takes)} × {order}"

    def shown(self, dose: Dose | None) -> str:
        """The notation as it is read on paper and pages: pieces at each time of the day, an order that has
        usual times behind them. ``2-0-2`` and ``2-0-2 (BD)`` of two tablets, ``1-0-1 (BD)`` of 3 g.
        """
        each = dose.amount if dose and dose.unit in COUNTED else ONE
        if self.frequency == "times":
            return self._times(each)
        pattern = USUAL_TIMES.get(self.frequency)
        if pattern is None or dose is None:
            return self.notation
        count = self.takes * each
        times = "-".join(show_number(count if part else ZERO) for part in pattern)
        return f"{times} ({SHOWN[self.frequency]})"

    def _times(self, each: Decimal = ONE) -> str:
        parts = [self.morning, self.noon, self.night]
        if self.evening:
            parts.insert(2, self.evening)
        return "-".join(show_number(round(part * each, 3)) for part in parts)

    @property
    def doses_per_day(self) -> Decimal | None:
        """Doses in a day on average; None where nobody can say: SOS, STAT."""
        if self.frequency == "times":
            return self.morning + self.noon + self.evening + self.night
        if self.frequency == "hourly" and self.every_hours:
            return self.takes * 24 / self.every_hours
        often = PER_DAY.get(self.frequency)
        return self.takes * often if often is not None else None


@dataclass(frozen=True, kw_only=True)
class Duration:
    """How long: ``count`` of ``unit`` (day, week, month), or ``ongoing`` without a count."""

    count: int | None
    unit: str

    @property
    def text(self) -> str:
        """``14 days``, ``1 month``, ``until the next visit``: as it is kept and typed over."""
        if self.count is None:
            return "until the next visit"
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"

    @property
    def days(self) -> int | None:
        """In days; None for what goes on until somebody says otherwise."""
        return self.count * DAYS[self.unit] if self.count else None


@dataclass(frozen=True, kw_only=True)
class DosingRead:
    """What a line of dosing said: beside how often, perhaps the dose, food and how long."""

    dosing: Dosing
    dose: Dose | None = None
    food: str = ""
    duration: Duration | None = None


SHOWN = {
    "od": "OD",
    "bd": "BD",
    "tds": "TDS",
    "qid": "QID",
    "hs": "HS",
    "sos": "SOS",
    "stat": "STAT",
    "weekly": "weekly",
    "alternate": "alternate days",
}
USUAL_TIMES = {"bd": (1, 0, 1), "tds": (1, 1, 1), "qid": (1, 1, 1, 1), "hs": (0, 0, 1)}
"""In the morning, at noon and at night, as these orders are understood; once a day may be any of them."""
PER_DAY = {
    "od": ONE,
    "bd": Decimal(2),
    "tds": Decimal(3),
    "qid": Decimal(4),
    "hs": ONE,
    "weekly": ONE / 7,
    "alternate": ONE / 2,
}
DAYS = {"day": 1, "week": 7, "month": 30}
_ORDERS = {
    "od": ("od", "qd", "once daily", "once a day", "daily", "दिन में एक बार", "रोज एक बार", "दिन में 1 बार"),
    "bd": ("bd", "bid", "bds", "twice daily", "twice a day", "दिन में दो बार", "दिन में 2 बार"),
    "tds": ("tds", "tid", "thrice daily", "thrice a day", "three times a day", "3 times a day",
            "दिन में तीन बार", "दिन में 3 बार"),
    "qid": ("qid", "qds", "four times a day", "4 times a day", "दिन में चार बार", "दिन में 4 बार"),
    "hs": ("hs", "bedtime", "at bedtime", "सोते समय", "सोने से पहले"),
    "sos": ("sos", "prn", "when needed", "if needed", "as needed", "जरूरत होने पर", "जरूरत पर", "ज़रूरत पर",
            "ज़रूरत होने पर"),
    "stat": ("stat", "at once", "immediately", "तुरंत", "अभी"),
    "weekly": ("weekly", "once a week", "once weekly", "हफ्ते में एक बार", "हफ़्ते में एक बार",
               "सप्ताह में एक बार"),
    "alternate": ("alternate days", "alternate day", "every other day", "eod", "ad", "एक दिन छोड़कर"),
}  # fmt: skip
ORDER_OF = {fold(text): code for code, texts in _ORDERS.items() for text in texts}
_PARTS_OF_DAY = {
    "morning": ("morning", "सुबह", "प्रातः"),
    "noon": ("noon", "afternoon", "दोपहर"),
    "evening": ("evening", "शाम"),
    "night": ("night", "रात"),
}
PART_OF = {fold(text): part for part, texts in _PARTS_OF_DAY.items() for text in texts}
_BETWEEN = frozenset(("and", "in", "the", "at", "और", "को", "में"))
_HOURLY = re.compile(
    r"(?:q\s*(?P<q>\d{1,2})\s*h(?:rly)?|(?P<n>\d{1,2})\s*-?\s*hourly|every (?P<e>\d{1,2}) (?:h|hrs?|hours?)"
    r"|हर (?P<hi>\d{1,2}) घ(?:ं|ण्)टे(?: में| पर)?)"
)
_DASH = r"\s*[-+\u2010-\u2015\u2212]\s*"
_ONE_TIME = rf"{NUMBER}\s*(?:[^\W\d_]+\.?)?"
_TIMES = re.compile(rf"(?P<times>{_ONE_TIME}(?:{_DASH}{_ONE_TIME}){{2,3}})")
_BLANK_TIMES = re.compile(rf"(?P<times>{NUMBER}(?:\s{NUMBER}){{2,3}})")
_AMOUNT = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>[^\W\d_](?:[^\W\d_]|[\u0900-\u097f.])*)?")
_DURATION = re.compile(
    r"(?:(?:x|×|for)\s*)?(?P<count>\d{1,3})\s*"
    r"(?:(?P<day>d|days?|दिन(?: तक)?)|(?P<week>w|wks?|weeks?|हफ़्ते|हफ्ते|हफ्ता|सप्ताह)"
    r"|(?P<month>m|mths?|months?|महीने|महीना|माह))"
)
_ONGOING = frozenset(
    fold(text)
    for text in (
        "ongoing", "continue", "till review", "until review", "until the next visit", "until next visit",
        "till next visit", "lifelong", "अगली मुलाक़ात तक", "जारी", "जारी रखें",
    )
)  # fmt: skip


def read_dose(text: str, *, bare_unit: str = "") -> Dose | None:
    """``5 ml``, ``1 tab``, ``½ tsp``; a bare number counts ``bare_unit`` if there is one. None if it says no
    dose.
    """
    found = _AMOUNT.fullmatch(_line(text))
    if found is None:
        return None
    number = read_number(found["number"])
    unit = UNIT_OF.get(fold(found["unit"] or ""), "") if found["unit"] else bare_unit
    return Dose(amount=number, unit=unit) if number and unit else None


def read_duration(text: str) -> Duration | None:
    """``14 days``, ``2 weeks``, ``x 5 d``, ``५ दिन``, ``until the next visit``; a bare number counts days."""
    line = _line(text)
    if fold(line) in _ONGOING:
        return Duration(count=None, unit="ongoing")
    found = _DURATION.fullmatch(line)
    if found:
        unit = next(unit for unit in DAYS if found[unit])
        count = int(found["count"])
    elif re.fullmatch(r"\d{1,3}", line):
        unit, count = "day", int(line)
    else:
        return None
    return Duration(count=count, unit=unit) if count else None


def read_dosing(text: str) -> DosingRead | None:
    """What a line of dosing says: ``1-0-1``, ``BD``, ``1 tds``, ``5 ml bd after food x 5 days``, ``सुबह शाम``.

    None where it cannot be read whole: nothing is guessed.
    """
    line = _line(text)
    if not line or len(line) > LONGEST:
        return None
    line, duration = _take_duration(line)
    line, food = _take_food(line)
    return _with(_order(line), food, duration) if line else None


def _with(read: DosingRead | None, food: str, duration: Duration | None) -> DosingRead | None:
    if read is None:
        return None
    return DosingRead(dosing=read.dosing, dose=read.dose, food=food, duration=duration)


def _order(line: str) -> DosingRead | None:
    """The rest of a line once food and duration are off."""
    for pattern in (_TIMES, _BLANK_TIMES):
        if found := pattern.fullmatch(line):
            return _times(found["times"], None)
        if (found := pattern.search(line)) and found.end() == len(line):
            dose = read_dose(line[: found.start()])
            return _times(found["times"], dose) if dose else None
    if parts := _parts_of_day(line):
        return parts
    return _usual(*_split_order(line))


def _usual(amount: str, order: Dosing | None) -> DosingRead | None:
    """One of the usual orders, and what stands before it: how many doses, or the dose itself."""
    if order is None:
        return None
    if not amount:
        return DosingRead(dosing=order)
    amount = amount.removesuffix("×").removesuffix("x").strip()
    number = read_number(amount)
    if number:
        return DosingRead(dosing=_taking(order, number))
    dose = read_dose(amount)
    return DosingRead(dosing=order, dose=dose) if dose else None


def _split_order(line: str) -> tuple[str, Dosing | None]:
    """What stands before the order, and the order."""
    found = re.search(rf"(?:^|\s){_HOURLY.pattern}$", line)
    if found:
        hours = int(next(group for group in found.groups() if group))
        order = Dosing(frequency="hourly", every_hours=hours) if 1 <= hours <= 72 else None
        return line[: found.start()].strip(), order
    words = line.split(" ")
    for at in range(len(words)):
        code = ORDER_OF.get(fold(" ".join(words[at:])))
        if code:
            return " ".join(words[:at]), Dosing(frequency=code)
    return line, None


def _taking(order: Dosing, takes: Decimal) -> Dosing:
    return Dosing(frequency=order.frequency, takes=takes, every_hours=order.every_hours)


def _times(text: str, dose: Dose | None) -> DosingRead | None:
    """Three or four numbers; where they carry a unit (``5ml-0-10ml``) the smallest is the dose."""
    separator = _DASH if re.search(_DASH, text) else r"\s"
    found = [_AMOUNT.fullmatch(part.strip()) for part in re.split(separator, text)]
    numbers = [read_number(part["number"]) if part else None for part in found]
    if not all(number is not None for number in numbers) or not any(numbers):
        return None
    amounts = [number or ZERO for number in numbers]
    units = {UNIT_OF.get(fold(part["unit"])) for part in found if part and part["unit"]}
    if units:
        unit = units.pop()
        if units or unit is None or dose is not None:
            return None
        smallest = min(amount for amount in amounts if amount)
        dose = Dose(amount=smallest, unit=unit)
        shares = [round(amount / smallest, 3) for amount in amounts]
        if [share * smallest for share in shares] != amounts:
            return None
        amounts = shares
    if len(amounts) == 3:
        amounts.insert(2, ZERO)
    morning, noon, evening, night = amounts
    dosing = Dosing(frequency="times", morning=morning, noon=noon, evening=evening, night=night)
    return DosingRead(dosing=dosing, dose=dose)


def _parts_of_day(line: str) -> DosingRead | None:
    """``morning and night``, ``सुबह शाम``: one dose each."""
    words = [word for word in fold(line).split() if word not in _BETWEEN]
    parts = [PART_OF.get(word) for word in words]
    if not parts or None in parts or len(set(parts)) != len(parts):
        return None
    one = dict.fromkeys(parts, ONE)
    return DosingRead(
        dosing=Dosing(
            frequency="times",
            morning=one.get("morning", ZERO),
            noon=one.get("noon", ZERO),
            evening=one.get("evening", ZERO),
            night=one.get("night", ZERO),
        )
    )


def _take_duration(line: str) -> tuple[str, Duration | None]:
    found = re.search(rf"\s(?:{_DURATION.pattern})$", line)
    if not found:
        return line, None
    duration = read_duration(found[0].strip())
    return (line[: found.start()].strip(), duration) if duration else (line, None)


def _take_food(line: str) -> tuple[str, str]:
    words = line.split(" ")
    for at in range(1, len(words)):
        code = FOOD_OF.get(fold(" ".join(words[at:])))
        if code:
            return " ".join(words[:at]), code
    return line, ""


_ABBREVIATION = re.compile(r"(?<![\d.])\.(?!\d)|\.(?=\s|$)|(?<=[a-z])\.(?=[a-z])")


def _line(text: str) -> str:
    """One line in lower case with plain digits; full stops only within numbers, commas as blanks."""
    line = plain_digits(one_line(text)).casefold().replace(",", " ")
    return " ".join(_ABBREVIATION.sub("", line).split())
