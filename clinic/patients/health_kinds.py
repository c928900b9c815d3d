"""The kinds of entries in a health profile, and what is asked of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinic.core.i18n import lazy as _l
from clinic.patients.models import (
    Condition,
    FamilyHistory,
    Lifestyle,
    PatientMedication,
    Pregnancy,
    Surgery,
)

Values = dict[str, Any]
Choices = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class HealthField:
    """One thing asked. ``kind`` is ``line``, ``text``, ``choice``, ``when`` (a day, a month or a year, its
    exactness in the column ``precision``) or ``day``. ``wide`` takes the whole row.
    """

    name: str
    label: Any
    kind: str = "line"
    longest: int = 200
    required: str = ""
    choices: Choices = ()
    hint: Any = ""
    precision: str = ""
    usual: str = ""


@dataclass(frozen=True, kw_only=True)
class HealthKind:
    """One section of the profile. ``alone``: one row holds at a time. ``desk``: the front desk sees and
    writes it too. ``stops``: an entry can be over (a medicine no longer taken).
    """

    code: str
    model: Any
    title: Any
    add: Any
    nothing: Any
    fields: tuple[HealthField, ...]
    alone: bool = False
    desk: bool = False
    stops: bool = False


CONDITION_STATUS: Choices = (
    ("active", _l("Active")),
    ("remission", _l("In remission")),
    ("resolved", _l("Resolved")),
)
RELATIONS: Choices = (
    ("mother", _l("Mother")),
    ("father", _l("Father")),
    ("sibling", _l("Brother or sister")),
    ("child", _l("Son or daughter")),
    ("grandparent", _l("Grandparent")),
    ("aunt_or_uncle", _l("Aunt or uncle")),
    ("other", _l("Another relative")),
)
PREGNANCY_STATUS: Choices = (
    ("pregnant", _l("Pregnant")),
    ("lactating", _l("Breastfeeding")),
    ("not_pregnant", _l("Not pregnant")),
    ("unknown", _l("Not known")),
)
HABITS: tuple[tuple[str, Any, Choices], ...] = (
    (
        "diet",
        _l("Diet"),
        (
            ("vegetarian", _l("Vegetarian")),
            ("eggs", _l("Vegetarian with eggs")),
            ("mixed", _l("Mixed")),
            ("vegan", _l("Vegan")),
        ),
    ),
    (
        "sleep",
        _l("Sleep"),
        (
            ("sound", _l("Sound")),
            ("broken", _l("Broken")),
            ("little", _l("Too little")),
            ("much", _l("Too much")),
        ),
    ),
    (
        "activity",
        _l("Activity"),
        (
            ("little", _l("Mostly sitting")),
            ("moderate", _l("On their feet")),
            ("much", _l("Hard work or sport")),
        ),
    ),
    (
        "tobacco",
        _l("Tobacco"),
        (
            ("never", _l("Never")),
            ("former", _l("Stopped")),
            ("smokes", _l("Smokes")),
            ("chews", _l("Chews")),
        ),
    ),
    (
        "alcohol",
        _l("Alcohol"),
        (
            ("never", _l("Never")),
            ("former", _l("Stopped")),
            ("sometimes", _l("Sometimes")),
            ("daily", _l("Daily")),
        ),
    ),
    (
        "bowel",
        _l("Bowel"),
        (
            ("regular", _l("Regular")),
            ("constipated", _l("Constipated")),
            ("loose", _l("Loose")),
            ("changing", _l("Changing")),
        ),
    ),
)
_WHEN = _l("2015, 03/2015 or 14/03/2015")
_KINDS = (
    HealthKind(
        code="condition",
        model=Condition,
        title=_l("Conditions"),
        add=_l("Add a condition"),
        nothing=_l("No condition written down."),
        fields=(
            HealthField(name="name", label=_l("Condition"), required=_l("Write what it is.")),
            HealthField(
                name="since", label=_l("Since"), kind="when", precision="since_precision", hint=_WHEN
            ),
            HealthField(
                name="status", label=_l("Status"), kind="choice", choices=CONDITION_STATUS, usual="active"
            ),
            HealthField(name="treatment", label=_l("Treatment"), longest=500),
            HealthField(name="treated_by", label=_l("Treated by")),
            HealthField(name="code", label=_l("Code"), longest=40, hint=_l("Such as ICD-10 E11.9")),
        ),
    ),
    HealthKind(
        code="medicine",
        model=PatientMedication,
        title=_l("Medicines they take"),
        add=_l("Add a medicine"),
        nothing=_l("No medicine written down."),
        desk=True,
        stops=True,
        fields=(
            HealthField(
                name="name",
                label=_l("Medicine"),
                required=_l("Write the medicine's name, at most 200 characters."),
            ),
            HealthField(name="dose", label=_l("Dose"), longest=100),
            HealthField(name="often", label=_l("How often")),
            HealthField(
                name="since", label=_l("Since"), kind="when", precision="since_precision", hint=_WHEN
            ),
            HealthField(name="until", label=_l("Until"), kind="when", precision="until_precision"),
            HealthField(name="ordered_by", label=_l("Ordered by")),
        ),
    ),
    HealthKind(
        code="surgery",
        model=Surgery,
        title=_l("Operations"),
        add=_l("Add an operation"),
        nothing=_l("No operation written down."),
        fields=(
            HealthField(name="operation", label=_l("Operation"), required=_l("Write what was done.")),
            HealthField(
                name="done_on", label=_l("When"), kind="when", precision="done_precision", hint=_WHEN
            ),
            HealthField(name="place", label=_l("Where")),
            HealthField(name="remark", label=_l("Remark"), longest=500),
        ),
    ),
    HealthKind(
        code="family",
        model=FamilyHistory,
        title=_l("In the family"),
        add=_l("Add to the family history"),
        nothing=_l("Nothing written down about the family."),
        fields=(
            HealthField(
                name="relation",
                label=_l("Relative"),
                kind="choice",
                choices=RELATIONS,
                required=_l("Choose the relative."),
            ),
            HealthField(name="condition", label=_l("Condition"), required=_l("Write what it is.")),
            HealthField(name="remark", label=_l("Remark"), longest=500),
        ),
    ),
    HealthKind(
        code="lifestyle",
        model=Lifestyle,
        title=_l("Lifestyle"),
        add=_l("Write it down"),
        nothing=_l("Not asked yet."),
        alone=True,
        fields=tuple(
            field
            for name, label, choices in HABITS
            for field in (
                HealthField(name=name, label=label, kind="choice", choices=choices),
                HealthField(name=f"{name}_words", label=_l("In words"), longest=300),
            )
        ),
    ),
    HealthKind(
        code="pregnancy",
        model=Pregnancy,
        title=_l("Pregnancy"),
        add=_l("Write down the answer"),
        nothing=_l("Not asked yet."),
        alone=True,
        fields=(
            HealthField(
                name="status",
                label=_l("Status"),
                kind="choice",
                choices=PREGNANCY_STATUS,
                required=_l("Choose the answer."),
            ),
            HealthField(
                name="lmp", label=_l("First day of the last period"), kind="day", hint=_l("14/03/2026")
            ),
            HealthField(name="remark", label=_l("Remark"), longest=500),
        ),
    ),
)
KINDS: dict[str, HealthKind] = {kind.code: kind for kind in _KINDS}
CLINICAL_KINDS = tuple(kind.code for kind in _KINDS if not kind.desk)
DESK_KINDS = tuple(kind.code for kind in _KINDS if kind.desk)
