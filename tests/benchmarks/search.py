"""Finding patients in a register of ten thousand and of a million: what a receptionist waits for.

Wall time of one search by somebody at the front desk, its statements included: the box at the top of every
page, and the first page of the list with its total. The names are some thousand given and family names, few
of them common and most rare, every fifth person's in Devanagari; their sounds are reckoned once a name.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from flask import Flask
from sqlalchemy import text

from clinic.app import create_app
from clinic.config import read_settings
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.names import sound
from clinic.core.paging import PageRequest
from clinic.core.text import fold
from clinic.patients.queries import FoundPatients, quick_search, search_patients
from tests.factories import FacilityFactory, UserFactory, actor_of, grant

SIZES = (10_000, 1_000_000)
ROUNDS = 12
TIMES = 10
TERMS = (
    ("common first name", "ramesh"),
    ("its first three letters", "ram"),
    ("rare name", "nogannath"),
    ("two words", "ramesh sharma"),
    ("other script", "करिश्मा"),
    ("other spelling", "laxmee"),
    ("misspelling", "malohtra"),
    ("misspelling, two words", "sunita malohtra"),
    ("last 5 digits", "{digits}"),
    ("file number", "{file}"),
    ("patient's number", "{mrn}"),
    ("nobody", "qqqq"),
    ("no term: the list", ""),
)
GIVEN = """
Ramesh Sunita Suresh Anita Rajesh Lakshmi Mohan Meena Vijay Geeta Sanjay Kavita Anil Priya Amit Neha Rahul
Pooja Deepak Asha Manoj Rekha Ashok Usha Vinod Sushma Arun Nirmala Karishma Krishna Mohammed Fatima Gurpreet
Harpreet Rajinder Venkatesh Subramaniam Ganesh Padma Radha Savitri Dnyaneshwar Gyan Shivaji Tukaram Eknath
"""
FAMILY = """
Sharma Singh Kumar Verma Gupta Patel Shah Khan Reddy Rao Nair Iyer Das Roy Mukherjee Banerjee Chatterjee
Joshi Kulkarni Deshpande Patil Jadhav Pawar Shinde Malhotra Kapoor Chopra Choudhary Yadav Mishra Pandey
Tiwari Dubey Agarwal Jain Mehta Desai Naidu Menon Pillai Fernandes Souza Shaikh Ansari Gill Sandhu Thakur
"""
GIVEN_HINDI = """
करिश्मा लक्ष्मी सुनीता रमेश सुरेश अनिता राजेश मोहन मीना विजय गीता संजय कविता अनिल प्रिया अमित नेहा
"""
FAMILY_HINDI = """
शर्मा सिंह कुमार वर्मा गुप्ता पटेल शाह ख़ान राव दास मल्होत्रा चौधरी यादव मिश्रा पांडे तिवारी दुबे जैन
"""
SYLLABLES = """
zu vi pra su bha ka ja na ma ra sha de ga ha cha la ti no yo ru
bin li mal ra vin dha gan shek tra mi no su ra ve pi
vik dar nath esh ita wala rkar kumar devi bai want jeet lal pur
"""
"""The first, middle and last of names made up for variety."""
PATIENTS = """
WITH people AS MATERIALIZED (
    SELECT person, CASE WHEN person % 5 = 0 THEN '_hindi' ELSE '' END AS script,
           power(random(), 2) AS given, power(random(), 2) AS family
    FROM generate_series(1, :size) person
), numbered AS (
    SELECT person, 'given' || script AS given_kind, 'family' || script AS family_kind,
           (given * CASE script WHEN '' THEN :given ELSE :given_hindi END)::int AS given,
           (family * CASE script WHEN '' THEN :family ELSE :family_hindi END)::int AS family
    FROM people
)
INSERT INTO patients (group_id, created_at, mrn, facility_id, name, search_name, search_sound, sex, mobile,
                      file_number, locale, country, allergy_status, deceased, version)
SELECT 1, now() - person * interval '1 minute', 'SU-' || 10000 + person, :facility, g.name || ' ' || f.name,
       g.folded || ' ' || f.folded, g.heard || ' ' || f.heard, 'unknown',
       '+9198' || lpad((person::bigint * 7919 % 100000000)::text, 8, '0'),
       'OPD/' || person, 'en', 'IN', 'not_asked', false, 1
FROM numbered
JOIN names g ON g.kind = given_kind AND g.n = given
JOIN names f ON f.kind = family_kind AND f.n = family
"""


@dataclass(frozen=True)
class Register:
    """A clinic of one size and its receptionist, with a few numbers that are really there."""

    size: int
    app: Flask
    receptionist: Actor
    numbers: dict[str, str]


def print_search() -> None:
    """Make both registers, ask both the same, print milliseconds and their ratio."""
    registers = [_register(size) for size in SIZES]
    ways: dict[str, Callable[[Actor, str], FoundPatients]] = {
        "box": quick_search,
        "list": lambda actor, term: search_patients(actor, term, PageRequest(1, 20)),
    }
    sys.stdout.write(f"{'ms for one search':32}{SIZES[0]:>10,}{SIZES[1]:>10,}  ratio  found\n")
    for way, ask in ways.items():
        for name, term in TERMS[: -1 if way == "box" else None]:
            (small, large), found = _took(registers, ask, term)
            total = f"{found.total}{'+' if found.capped else ''}{' close' if found.close else ''}"
            sys.stdout.write(f"{way:5}{name:27}{small:10.2f}{large:10.2f}{large / small:7.2f}  {total}\n")


def _took(
    registers: Sequence[Register], ask: Callable[[Actor, str], FoundPatients], term: str
) -> tuple[list[float], FoundPatients]:
    """Milliseconds in each register, and what the last of them found.

    By turns, and the least median of some rounds: what is left when nobody else uses the machine.
    """
    medians: list[list[float]] = [[] for _register in registers]
    for _round in range(ROUNDS):
        for register, rounds in zip(registers, medians, strict=True):
            took = []
            with register.app.app_context():
                for _time in range(TIMES):
                    began = time.perf_counter()
                    found = ask(register.receptionist, term.format(**register.numbers))
                    took.append(time.perf_counter() - began)
            rounds.append(statistics.median(took))
    return [min(rounds) * 1000 for rounds in medians], found


def _register(size: int) -> Register:
    from flask_migrate import upgrade

    from tests.conftest import environment, run_sql

    database = f"sutra_bench_search_{size}"
    run_sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    run_sql(f"CREATE DATABASE {database}")
    app = create_app(read_settings(environment(database, 9)))
    with app.app_context():
        upgrade()
        facility = FacilityFactory(zone="Asia/Kolkata")
        receptionist = grant(UserFactory(name="Asha Raghunath"), Role.RECEPTIONIST, facility=facility)
        actor = actor_of(receptionist, Role.RECEPTIONIST, facility=facility)
        _fill(facility.id, size)
        row = db.session.execute(
            text("SELECT right(mobile, 5) AS digits, file_number AS file, mrn FROM patients WHERE id = :id"),
            {"id": size // 2},
        ).one()
        numbers = dict(row._mapping)
        db.session.commit()
        db.session.remove()
    return Register(size, app, actor, numbers)


def _fill(facility_id: int, size: int) -> None:
    first, middle, last = (line.split() for line in SYLLABLES.strip().splitlines())
    made = ["".join(parts).capitalize() for parts in product(first, middle, last)]
    lists = {
        "given": [*GIVEN.split(), *made],
        "family": [*FAMILY.split(), *reversed(made)],
        "given_hindi": GIVEN_HINDI.split(),
        "family_hindi": FAMILY_HINDI.split(),
    }
    db.session.execute(text("CREATE TEMP TABLE names (kind text, n int, name text, folded text, heard text)"))
    db.session.execute(
        text("INSERT INTO names VALUES (:kind, :n, :name, :folded, :heard)"),
        [
            {"kind": kind, "n": n, "name": name, "folded": fold(name), "heard": sound(name)}
            for kind, names in lists.items()
            for n, name in enumerate(names)
        ],
    )
    db.session.execute(text("CREATE UNIQUE INDEX ON names (kind, n)"))
    db.session.execute(text("ANALYZE names"))
    # Triggers would be called millions of times: the words are added at once, and all references are right.
    db.session.execute(text("SET session_replication_role = replica"))
    db.session.execute(text("SELECT setseed(0.25)"))
    counts = {kind: len(names) for kind, names in lists.items()}
    db.session.execute(
        text(PATIENTS),
        {"size": size, "facility": facility_id, **{kind: count - 1 for kind, count in counts.items()}},
    )
    db.session.execute(
        text(
            "INSERT INTO patient_words (word, patient_id)"
            " SELECT word, id FROM patients, unnest(string_to_array(search_name, ' ')) word"
            " UNION SELECT '~' || word, id FROM patients, unnest(string_to_array(search_sound, ' ')) word"
            " ORDER BY 1, 2"
        )
    )
    db.session.execute(text("SET session_replication_role = origin"))
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE patients, patient_words"))
