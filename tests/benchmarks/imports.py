"""Bringing in registers: ten thousand lines step by step, and a hundred thousand in the same memory.

Each size in a process of its own, so that its peak is its own. CPU is that process's; Postgres has its own,
which the wall time shows. The lines vary: both scripts, ages and dates in many spellings, households, some
people twice, some values wrong.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from clinic.app import create_app
from clinic.config import read_settings
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.queries import get_facility
from clinic.imports import service
from clinic.imports.models import Import, ImportState
from clinic.imports.queries import counts_of
from tests.benchmarks.search import FAMILY, FAMILY_HINDI, GIVEN, GIVEN_HINDI
from tests.factories import FacilityFactory, UserFactory, actor_of, grant

SIZES = (10_000, 100_000)
GOAL_SECONDS = 60
HEADINGS = (
    "Sr No,Patient Name,DOB / Age,M/F,Mobile No.,Address,City,PIN,Prakriti,Allergies,Emergency contact,"
    "First visit,Remarks"
)
PIECE = 1024 * 1024
SAME_PERSON, SAME_MOBILE, WRONG = 50, 4, 25
"""One line in so many is somebody once more, of the household before, or has a wrong value."""


def print_imports() -> None:
    """Bring in both sizes, print the seconds of each step and the peak of memory."""
    peaks = {}
    sys.stdout.write(f"load {', '.join(f'{one:.1f}' for one in os.getloadavg())}, {os.cpu_count()} cores\n")
    for size in SIZES:
        told = _in_a_child(size)
        peaks[size] = told["peak"]
        _print(size, told)
    small, large = (peaks[size] for size in SIZES)
    sys.stdout.write(f"peak memory {small:.0f} MB at {SIZES[0]:,} lines, {large:.0f} MB at {SIZES[1]:,}\n")


def _print(size: int, told: dict[str, Any]) -> None:
    wall, cpu = 0.0, 0.0
    sys.stdout.write(f"{size:,} lines, {told['megabytes']:.1f} MB: {told['counts']}\n")
    for name, (took, used) in told["steps"].items():
        wall, cpu = wall + took, cpu + used
        sys.stdout.write(
            f"  {name:10}{took:8.1f} s{used:8.1f} s of CPU"
            f"{size / took:10,.0f} lines/s{size / used:10,.0f} a CPU second\n"
        )
    goal = f"; the goal for {SIZES[0]:,} is {GOAL_SECONDS} s" if size == SIZES[0] else ""
    sys.stdout.write(f"  {'in all':10}{wall:8.1f} s{cpu:8.1f} s of CPU{goal}\n")


def _in_a_child(size: int) -> dict[str, Any]:
    """Measure in a fresh process: nothing of this one's memory counts."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(size, theirs))
    child.start()
    theirs.close()
    try:
        told: dict[str, Any] = json.loads(mine.recv())
    except EOFError:
        raise SystemExit(f"Bringing in {size:,} lines ended without a figure.") from None
    child.join()
    return told


def _measure(size: int, told: Any) -> None:
    from flask_migrate import upgrade

    from tests.conftest import environment, run_sql

    database = f"sutra_bench_imports_{size}"
    run_sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    run_sql(f"CREATE DATABASE {database}")
    app = create_app(read_settings(environment(database, 9)))
    with app.app_context():
        upgrade()
        told.send(json.dumps(_brought_in(size)))
        db.session.remove()
        db.engine.dispose()
    run_sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def _brought_in(size: int) -> dict[str, Any]:
    facility = FacilityFactory(zone="Asia/Kolkata")
    user = grant(UserFactory(name="Meera Krishnan"), Role.FACILITY_ADMIN, facility=facility)
    actor, facility_id = actor_of(user, Role.FACILITY_ADMIN, facility=facility), facility.id
    db.session.commit()
    sent = [0]

    def pieces() -> Iterator[bytes]:
        for piece in register(size):
            sent[0] += len(piece)
            yield piece

    with unit_of_work():
        import_id = service.receive(
            actor, get_facility(facility_id), kind="patients", file_name="register.csv", pieces=pieces()
        ).id
    steps = {"reading": _step(import_id, ImportState.MAPPING)}
    with unit_of_work():
        row = db.session.get_one(Import, import_id)
        service.confirm_mapping(actor, row, row.mapping, day_order=row.day_order)
    steps["checking"] = _step(import_id, ImportState.READY)
    counts = counts_of(import_id)
    with unit_of_work():
        service.commit(actor, db.session.get_one(Import, import_id))
    steps["writing"] = _step(import_id, ImportState.DONE)
    said = ", ".join(
        f"{getattr(counts, name):,} {name}" for name in ("new", "present", "duplicate", "refused")
    )
    return {
        "steps": steps,
        "counts": said,
        "megabytes": sent[0] / 1e6,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _step(import_id: int, wanted: ImportState) -> tuple[float, float]:
    """Wall and CPU seconds of the worker's next step."""
    began, used = time.perf_counter(), time.process_time()
    service.carry_on(import_id)
    took = time.perf_counter() - began, time.process_time() - used
    row = db.session.get_one(Import, import_id, populate_existing=True)
    if row.state != wanted:
        raise SystemExit(f"The import is {row.state}, not {wanted}: {row.why}")
    db.session.rollback()
    return took


def register(size: int) -> Iterator[bytes]:
    """A register of that many lines as CSV, the same each time, in pieces."""
    chance, lines, before = random.Random(25), [HEADINGS], ""
    held, last = len(HEADINGS), ("", "")
    for number in range(1, size + 1):
        if before and not number % SAME_PERSON:
            line = f"{number},{before if number % (2 * SAME_PERSON) else before.upper()}"
        else:
            line, last = _line(chance, number, last)
            before = line.partition(",")[2]
        lines.append(line)
        held += len(line)
        if held > PIECE:
            yield ("\n".join(lines) + "\n").encode()
            lines, held = [], 0
    yield ("\n".join(lines) + "\n").encode()


def _line(chance: random.Random, number: int, last: tuple[str, str]) -> tuple[str, tuple[str, str]]:
    hindi = chance.random() < 0.2
    given, family = (GIVEN_HINDI, FAMILY_HINDI) if hindi else (GIVEN, FAMILY)
    same = bool(last[1]) and not chance.randrange(SAME_MOBILE)
    surname = last[0] if same else chance.choice(family.split())
    mobile = last[1] if same else f"{chance.choice('6789')}{chance.randrange(10**9):09}"
    name = f"{chance.choice(given.split())} {chance.choice('ABCDEGHJKLMNPRSTV')} {surname}"
    visit = date(2026, 11, 1) - timedelta(days=chance.randrange(2_500))
    born = visit - timedelta(days=chance.randrange(400, 32_000))
    birth = chance.choice(
        (
            f"{born:%d/%m/%Y}",
            f"{born:%d-%m-%y}",
            f"{born:%d %b %Y}",
            f"{(visit - born).days // 365} yrs",
            f"{born:%Y}",
        )
    )
    pin = "4110" if not chance.randrange(WRONG) else str(chance.randrange(110_001, 855_999))
    shown = chance.choice(
        (mobile, f"+91 {mobile[:5]} {mobile[5:]}", f"0{mobile}", f"{mobile[:5]}-{mobile[5:]}")
    )
    cells = (
        number, name, birth, chance.choice(("M", "F", "male", "महिला", "पुरुष")), shown,
        f'"{chance.randrange(1, 400)}, {chance.choice(FAMILY.split())} Nagar"',
        chance.choice(("Pune", "Nashik", "पुणे", "Kochi", "")), pin,
        chance.choice(("V-P", "kapha", "वात", "", "")),
        chance.choice(("", "nil", "none known", "Sulpha (rash)", '"dust, pollen"')),
        chance.choice(("", f"{chance.choice(GIVEN.split())} (husband) 98{chance.randrange(10**8):08}")),
        f"{visit:%d.%m.%Y}", chance.choice(("", "BP", "मधुमेह", "follow-up due")),
    )  # fmt: skip
    return ",".join(map(str, cells)), (surname, mobile)
