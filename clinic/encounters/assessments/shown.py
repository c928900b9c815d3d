"""An assessment as its page shows it: fields with what was answered, beside what was found before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.encounters.assessments import policy, queries
from clinic.encounters.assessments.definitions import (
    DOSHA_SCALE,
    DOSHAS,
    Field,
    FieldKind,
    Item,
    form_of,
    instrument,
)
from clinic.encounters.assessments.scoring import Score
from clinic.encounters.assessments.typed import (
    Content,
    body_mass_index,
    content_of,
    field_problem,
    plain_number,
    problems_of,
    score_of,
)
from clinic.encounters.assessments.wording import (
    answer_words,
    dosha_word,
    kind_gloss,
    kind_word,
    scale_number,
    scale_word,
    tendency_words,
)
from clinic.encounters.models import Assessment, AssessmentKind, AssessmentStatus
from clinic.patients.display import prakriti_word


@dataclass(frozen=True, kw_only=True)
class OptionShown:
    """One answer to pick. ``mark`` is what stands in a dosha's scale: ``−2`` to ``+2``."""

    value: str
    label: str
    term: str = ""
    mark: str = ""
    picked: bool = False


@dataclass(frozen=True, kw_only=True)
class FieldShown:
    """One field with its answer, in words too, and what was answered before where that was another."""

    code: str
    kind: FieldKind
    label: str
    term: str
    unit: str
    decimals: int
    typed: str
    options: list[OptionShown]
    said: str
    problem: str = ""
    before: str = ""


@dataclass(frozen=True, kw_only=True)
class SectionShown:
    title: str
    term: str
    fields: list[FieldShown]

    @property
    def blank(self) -> bool:
        return not any(one.said for one in self.fields)


@dataclass(frozen=True, kw_only=True)
class ItemShown:
    """One prakriti question: what the assessor holds, and what the patient had said."""

    code: str
    label: str
    term: str
    question: str
    tendencies: list[tuple[str, str]]
    first: str
    second: str
    said: str
    patient_said: str
    differs: bool


@dataclass(frozen=True, kw_only=True)
class LineShown:
    """A field about which the saved version and the one kept aside differ."""

    label: str
    saved: str
    other: str


@dataclass(frozen=True, kw_only=True)
class AssessmentPage:
    """Everything the page of one assessment shows."""

    assessment: Assessment
    title: str
    gloss: str
    is_prakriti: bool
    can_write: bool
    sections: list[SectionShown]
    items: list[ItemShown]
    answered: int
    needed: int
    count: int
    score: Score | None
    result: str
    reason: str
    problems: dict[str, str]
    missing: list[str]
    bmi: Decimal | None
    before: Assessment | None
    corrected_by: int | None
    lines: list[LineShown] = field(default_factory=list)

    @property
    def results(self) -> list[tuple[str, str]]:
        """The constitutions to choose from, with their words."""
        return constitutions()

    @property
    def chosen(self) -> str:
        """The result to show as chosen: the assessor's, else the one that the answers suggest."""
        return self.result or (self.score.suggested if self.score else "")

    @property
    def is_wrong(self) -> bool:
        return self.assessment.status == AssessmentStatus.ENTERED_IN_ERROR


def constitutions() -> list[tuple[str, str]]:
    """Every constitution with its word."""
    from_form = form_of(AssessmentKind.DASHAVIDHA)
    found = from_form.field("prakriti") if from_form else None
    return [(option.code, prakriti_word(option.code)) for option in (found.options if found else ())]


def page_of(
    actor: Actor,
    assessment: Assessment,
    problems: Mapping[str, str] | None = None,
    content: Content | None = None,
) -> AssessmentPage:
    """The page of an assessment; ``problems`` are shown beside their fields, ``content`` is what was typed
    where that was refused.
    """
    held = content or content_of(assessment)
    writes = policy.can_write(actor, assessment)
    earlier = queries.before(actor, assessment)
    said_before = content_of(earlier).values if earlier else {}
    is_prakriti = assessment.kind == AssessmentKind.PRAKRITI
    wanting = problems_of(assessment, held) if writes else {}
    marked = dict(problems or {})
    sections = [] if is_prakriti else sections_of(assessment, held.values, marked, said_before)
    questions = instrument(assessment.form_version)
    labels = {one.code: one.label for section in sections for one in section.fields}
    return AssessmentPage(
        assessment=assessment,
        title=kind_word(assessment.kind),
        gloss=kind_gloss(assessment.kind),
        is_prakriti=is_prakriti,
        can_write=writes,
        sections=sections,
        items=items_of(assessment, held.values) if is_prakriti else [],
        answered=len(held.values),
        needed=questions.needed,
        count=len(questions.items),
        score=score_of(assessment, held.values) if is_prakriti else None,
        result=held.result or "",
        reason=held.reason,
        problems=marked,
        missing=[labels.get(code) or why for code, why in wanting.items() if code not in ("", "result")],
        bmi=body_mass_index(held.values),
        before=earlier,
        corrected_by=queries.corrected_by(assessment.id)
        if assessment.status == AssessmentStatus.CONFIRMED
        else None,
        lines=differences(assessment),
    )


def sections_of(
    assessment: Assessment,
    values: Mapping[str, Any],
    problems: Mapping[str, str] | None = None,
    before: Mapping[str, Any] | None = None,
) -> list[SectionShown]:
    """The sections of a form with these answers."""
    form = form_of(assessment.kind, assessment.form_version)
    return [
        SectionShown(
            title=section.words.said,
            term=section.words.beside,
            fields=[
                _field(one, values.get(one.code), problems or {}, before or {}) for one in section.fields
            ],
        )
        for section in (form.sections if form else ())
    ]


def items_of(assessment: Assessment, values: Mapping[str, Any]) -> list[ItemShown]:
    """The prakriti questions with the assessor's answers beside the patient's."""
    patient = assessment.patient_answers or {}
    return [
        _item(one, values.get(one.code) or [], patient.get(one.code) or [], answered=bool(patient))
        for one in instrument(assessment.form_version).items
    ]


def told(assessment: Assessment) -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything an assessment says, for reading: each section's title with labels and answers in words."""
    values = content_of(assessment).values
    if assessment.kind == AssessmentKind.PRAKRITI:
        items = [(one.label, one.said) for one in items_of(assessment, values) if one.said]
        return [(_("Answers"), items)] if items else []
    return [
        (section.title, [(one.label, one.said) for one in section.fields if one.said])
        for section in sections_of(assessment, values)
        if not section.blank
    ]


def differences(assessment: Assessment) -> list[LineShown]:
    """Where the version kept aside says something else than the saved one."""
    if assessment.other_body is None:
        return []
    saved, other = content_of(assessment), Content.from_json(assessment.other_body)
    form = form_of(assessment.kind, assessment.form_version)
    lines = []
    for one in form.fields if form else ():
        here, there = (
            answer_words(one, saved.values.get(one.code)),
            answer_words(one, other.values.get(one.code)),
        )
        if here != there:
            lines.append(LineShown(label=one.words.said, saved=here, other=there))
    for item in () if form else instrument(assessment.form_version).items:
        here, there = (tendency_words(item, side.values.get(item.code)) for side in (saved, other))
        if here != there:
            lines.append(LineShown(label=item.short.said, saved=here, other=there))
    for label, here, there in (
        (_("Result"), prakriti_word(saved.result), prakriti_word(other.result)),
        (_("Reason"), saved.reason, other.reason),
    ):
        if here != there:
            lines.append(LineShown(label=label, saved=here, other=there))
    return lines


def _field(one: Field, value: Any, problems: Mapping[str, str], before: Mapping[str, Any]) -> FieldShown:
    said, earlier = answer_words(one, value), answer_words(one, before.get(one.code))
    problem = problems.get(one.code, "")
    if not problem and value is not None and one.kind is FieldKind.NUMBER:
        problem = field_problem(one, value) or ""
    return FieldShown(
        code=one.code,
        kind=one.kind,
        label=one.words.said,
        term=one.words.beside,
        unit=one.unit,
        decimals=one.decimals,
        typed=_typed(one, value),
        options=_options(one, value),
        said=said,
        problem=problem,
        before=earlier if earlier != said else "",
    )


def _typed(one: Field, value: Any) -> str:
    if value is None or one.kind not in (FieldKind.NUMBER, FieldKind.TEXT):
        return ""
    return plain_number(value) if one.kind is FieldKind.NUMBER else str(value)


def _options(one: Field, value: Any) -> list[OptionShown]:
    if one.kind is FieldKind.DOSHA:
        return [
            OptionShown(
                value=code,
                label=f"{one.words.said} {scale_word(code)}",
                mark=_mark(scale_number(code)),
                picked=code == value,
            )
            for code in DOSHA_SCALE
        ]
    picked = value if isinstance(value, list) else [value]
    return [
        OptionShown(
            value=option.code,
            label=option.words.said,
            term=option.words.beside,
            picked=option.code in picked,
        )
        for option in one.options
    ]


def _mark(number: int) -> str:
    if number == 0:
        return "0"
    return f"+{number}" if number > 0 else f"−{-number}"


def _item(one: Item, given: list[str], patient: list[str], *, answered: bool) -> ItemShown:
    return ItemShown(
        code=one.code,
        label=one.short.said,
        term=one.short.beside,
        question=one.question.said,
        tendencies=[(dosha, one.tendencies[dosha].said) for dosha in DOSHAS],
        first=given[0] if given else "",
        second=given[1] if len(given) > 1 else "",
        said=tendency_words(one, given),
        patient_said=tendency_words(one, patient),
        differs=answered and given != patient,
    )


def second_choices() -> list[tuple[str, str]]:
    """What may be chosen as the second tendency, after none."""
    return [(dosha, dosha_word(dosha)) for dosha in DOSHAS]
