"""What goes out comes in again: the exported list into an empty clinic is the same list."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from clinic.core.db import db, unit_of_work
from clinic.core.text import clean, one_line
from clinic.exports.policy import Listing
from clinic.imports.values import is_blank
from clinic.patients.details import RELATIONSHIPS, AllergyEntry, PatientDetails
from clinic.patients.models import Patient, Prakriti, Sex
from clinic.patients.models.patient import BLOOD_GROUPS
from clinic.patients.service import mark_deceased, register
from tests.examples import examples
from tests.imports.conftest import Clinic
from tests.imports.kinds.steps import cells, exported

LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cf", "Co", "Cn")), max_size=40
).map(one_line)
WRITTEN = LINES.filter(lambda text: not text or not is_blank(text))
"""A cell that says something, or nothing: a dash or a bracket alone stands for an empty cell in registers."""
SEVERAL_LINES = st.lists(LINES, max_size=3).map(lambda lines: clean("\n".join(lines)).strip())
LETTERS = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzकखगघचजटडतदनपबमयरलवसहािीुेो"), min_size=3, max_size=12
).filter(lambda text: not is_blank(text))
DAYS = st.dates(date(1930, 1, 1), date(2020, 12, 31))
ALLERGIES = st.lists(
    st.builds(
        AllergyEntry,
        substance=WRITTEN.filter(lambda text: any(letter.isalnum() for letter in text)),
        reaction=st.none() | WRITTEN.filter(bool),
        severity=st.sampled_from((None, "mild", "moderate", "severe")),
    ),
    max_size=3,
    unique_by=lambda entry: entry.substance.casefold(),
).map(tuple)


@st.composite
def people(draw: st.DrawFn) -> PatientDetails:
    """Anybody the register's own form would take."""
    born = draw(st.none() | st.tuples(DAYS, st.sampled_from(("day", "age"))))
    allergies = draw(ALLERGIES)
    return PatientDetails(
        name=" ".join(draw(st.lists(LETTERS, min_size=2, max_size=3))),
        mobile=f"+91{draw(st.integers(6_000_000_000, 9_999_999_999))}",
        birth_date=born[0] if born else None,
        birth_precision=born[1] if born else "day",
        sex=draw(st.sampled_from(tuple(Sex))),
        locale=draw(st.sampled_from(("en", "hi"))),
        line=draw(WRITTEN) or None,
        city=draw(LETTERS),
        postal_code=draw(st.none() | st.integers(100_000, 999_999).map(str)),
        emergency_relationship=draw(st.none() | st.sampled_from(RELATIONSHIPS)),
        medical_history=draw(SEVERAL_LINES) or None,
        remarks=draw(SEVERAL_LINES) or None,
        prakriti=draw(st.none() | st.sampled_from(tuple(Prakriti))),
        blood_group=draw(st.none() | st.sampled_from(BLOOD_GROUPS)),
        allergies=allergies,
        none_known=None if allergies else draw(st.sampled_from((None, True))),
    )


def empty(clinic: Clinic) -> None:
    """As if nobody had ever been there."""
    db.session.execute(text("ALTER TABLE guardian_consents DISABLE TRIGGER USER"))
    for table in ("imported_lines", "allergies", "guardian_consents", "guardianships", "patients"):
        db.session.execute(delete(db.metadata.tables[table]))
    db.session.commit()


def differences(out: list[dict[str, str]], back: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """The cells that are not what they were: the heading, what went out, what came back."""
    assert len(out) == len(back)
    return [
        (heading, text, kept[heading])
        for went, kept in zip(out, back, strict=True)
        for heading, text in went.items()
        if text != kept[heading]
    ]


@pytest.mark.usefixtures("session")
@settings(
    max_examples=examples(6, of=15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(registered=st.lists(people(), min_size=1, max_size=4, unique_by=lambda one: one.mobile))
def test_exported_patients_come_in_equal(clinic: Clinic, registered: list[PatientDetails]) -> None:
    """6 examples in `make test`, 15 in `make proof`."""
    empty(clinic)
    with unit_of_work():
        for details in registered:
            register(clinic.manager, details)
    content = exported(Listing.PATIENTS, clinic.facility.id)
    empty(clinic)
    row = clinic.preview(content)
    assert {line.outcome for line in clinic.lines(row.id)} == {"new"}, [
        (line.faults, line.match, line.cells) for line in clinic.lines(row.id) if line.outcome != "new"
    ]
    clinic.commit(row.id)
    assert differences(cells(content), cells(exported(Listing.PATIENTS, clinic.facility.id))) == []


def test_who_died_and_who_has_no_mobile_come_in_equal_too(clinic: Clinic) -> None:
    with unit_of_work():
        one = register(clinic.manager, PatientDetails(name="Vithal Rao", mobile="9822055001", age=80))
        other = register(clinic.manager, PatientDetails(name="Mira Joshi", mobile="9822055002"))
        mark_deceased(clinic.manager, one.id, on=date(2024, 2, 29))
        mark_deceased(clinic.manager, other.id)
        one.mobile, one.phone_as_given = None, "+1 (212) 555-0100, ask for the ward"
    content = exported(Listing.PATIENTS, clinic.facility.id)
    empty(clinic)
    clinic.bring_in(content)
    assert cells(exported(Listing.PATIENTS, clinic.facility.id)) == cells(content)
    assert db.session.scalars(select(Patient.deceased)).all() == [True, True]
