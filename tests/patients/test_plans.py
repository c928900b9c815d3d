"""What the database does for a search in a large register: indexes in their order, and no sorting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.names import sound
from clinic.core.paging import PageRequest
from clinic.facilities.models import Facility
from clinic.patients.queries import quick_search, search_patients

PATIENTS = 20_000
GIVEN = [
    "".join(parts)
    for parts in product(
        ("ka", "ra", "vi", "su", "lak", "mo", "de", "pri", "ga", "ta"),
        ("ri", "me", "ja", "shmi", "ha", "na", "ni", "ru", "va", "lo", "so", "bi", "da", "ku"),
        ("sh", "ta", "y", "n", "ma", "kar", "tra", "la", "van", "ni", "sha", "pal", "dev", "jit"),
    )
]
FAMILY = [first + last for first, last in product(GIVEN[:140:7], ("wala", "kar", "singh", "rao", "iyer"))]


@pytest.fixture
def large_register(session: Session, facility: Facility) -> None:
    """Twenty thousand people with some two thousand first and a hundred family names."""
    names = {"given": GIVEN, "family": FAMILY}
    heard = {f"{kind}_heard": [sound(name) for name in some] for kind, some in names.items()}
    session.execute(
        text(
            """
            INSERT INTO patients (mrn, facility_id, name, search_name, search_sound, mobile, file_number,
                                  email, country, locale, sex, allergy_status, deceased, version, created_at)
            SELECT 'SU-' || 10000 + n, :facility, 'x',
                   (:given)[1 + n % :givens] || ' ' || (:family)[1 + n / 7 % :families],
                   (:given_heard)[1 + n % :givens] || ' ' || (:family_heard)[1 + n / 7 % :families],
                   '+9198' || lpad((n * 7919 % 100000000)::text, 8, '0'), 'OPD/' || n,
                   'm' || n || '@example.org', 'IN', 'en', 'unknown', 'not_asked', false, 1,
                   now() - n * interval '1 minute'
            FROM generate_series(1, :patients) n
            """
        ),
        {
            "facility": facility.id,
            "patients": PATIENTS,
            "givens": len(GIVEN),
            "families": len(FAMILY),
            **names,
            **heard,
        },
    )
    session.execute(text("ANALYZE patients"))
    session.execute(text("ANALYZE patient_words"))
    # As the autovacuum leaves it: words are read from the index alone.
    session.execute(text("UPDATE pg_class SET relallvisible = relpages WHERE relname = 'patient_words'"))


@pytest.fixture
def plans(session: Session) -> Callable[[Callable[[], Any]], list[list[str]]]:
    """``plans(work)`` does the work, and gives the node types of the plan of each statement it sent."""

    def of(work: Callable[[], Any]) -> list[list[str]]:
        sent: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            sent.append((statement, values))

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            work()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        cursor = session.connection().connection.cursor()
        found = []
        for statement, values in sent:
            cursor.execute("EXPLAIN (FORMAT JSON) " + statement, values)
            plan = cursor.fetchone()[0]
            found.append(list(_nodes((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])))
        return found

    return of


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    yield node["Node Type"] + (" on " + node["Relation Name"] if "Relation Name" in node else "")
    for below in node.get("Plans", []):
        yield from _nodes(below)


TERMS = [
    ("", "newest"),
    ("karish", "written"),
    ("k", "written"),
    ("karish deni", "written"),
    ("kareesh", "heard"),
    ("करि", "heard"),
    ("lakshmeetra", "heard"),
    ("lakreela kaarush", "heard"),
    ("lakshnitra", "close"),
    ("kaerish", "close"),
    ("lakrilga karush", "close"),
    ("{digits}", "digits"),
    ("9845011", "digits"),
    ("OPD/127", "file number"),
    ("opd 1", "file number"),
    ("SU-10077", "number"),
    ("m77@", "e-mail"),
    ("qqqq", "nobody"),
]
"""What is typed, and how it is found. All of it in one register: that is dear to fill."""


@pytest.mark.usefixtures("large_register")
def test_searches_follow_indexes_and_sort_nothing(
    desk: Actor, plans: Callable[[Callable[[], Any]], list[list[str]]]
) -> None:
    mobile = f"{4711 * 7919:08d}"
    for typed, finds in TERMS:
        term = typed.format(digits=mobile[-5:])
        found = search_patients(desk, term, PageRequest(1, 20))
        assert found.close == (finds == "close"), term
        assert bool(found.items) == (finds != "nobody"), term
        for work in (
            partial(search_patients, desk, term, PageRequest(1, 20)),
            partial(search_patients, desk, term, PageRequest(3, 20)),
            partial(quick_search, desk, term),
        ):
            for nodes in plans(work):
                bad = [node for node in nodes if node.startswith("Seq Scan") or "Sort" in node]
                assert not bad, (term, nodes)
