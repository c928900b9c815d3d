"""What the database does for a search in a large register: indexes in their order, and no sorting."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from clinic.core.access import SYSTEM
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.queries.search import found

PATIENTS = 20_000


@pytest.fixture
def large_register(session: Session, facility: Facility) -> None:
    """Twenty thousand people with 2,000 first and 400 family names."""
    session.execute(
        text(
            """
            INSERT INTO patients (mrn, facility_id, name, search_name, mobile, country, locale, sex,
                                  allergy_status, deceased, version, created_at)
            SELECT 'L-' || n, :facility, 'x', 'given' || n % 2000 || ' family' || n % 400,
                   '+9198' || lpad((n * 7919 % 100000000)::text, 8, '0'), 'IN', 'en', 'unknown',
                   'not_asked', false, 1, now() - n * interval '1 minute'
            FROM generate_series(1, :patients) n
            """
        ),
        {"facility": facility.id, "patients": PATIENTS},
    )
    session.execute(text("ANALYZE patients"))
    session.execute(text("ANALYZE patient_words"))


def plan_of(term: str) -> list[str]:
    """The node types of the plan for the first page that ``term`` finds."""
    statement = found(SYSTEM, term).limit(20)
    compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    sql = str(compiled).replace("%%", "%").replace(":", r"\:")
    explained = db.session.execute(text("EXPLAIN (FORMAT JSON) " + sql)).scalar_one()
    plan = explained if isinstance(explained, list) else json.loads(explained)
    return list(_nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Any:
    yield node["Node Type"]
    for below in node.get("Plans", []):
        yield from _nodes(below)


@pytest.mark.parametrize("term", ["given12", "family7", "given1999 family", "f", ""])
@pytest.mark.usefixtures("large_register")
def test_name_search_and_list_follow_an_index_and_sort_nothing(term: str) -> None:
    nodes = plan_of(term)
    assert "Seq Scan" not in nodes
    assert not [node for node in nodes if "Sort" in node]


@pytest.mark.parametrize("term", ["04711", "9845011", "meena@example", "SU-10001"])
@pytest.mark.usefixtures("large_register")
def test_digits_e_mail_and_number_are_looked_up_and_not_read_through(term: str) -> None:
    assert "Seq Scan" not in plan_of(term)
