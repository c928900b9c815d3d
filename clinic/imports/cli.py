"""Bringing in a list from the command line: the same steps, without a browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.errors import DomainError
from clinic.facilities.models import Facility
from clinic.facilities.queries import default_facility, get_facility
from clinic.imports import service
from clinic.imports.kinds import KINDS
from clinic.imports.models import Import, ImportRow, ImportState
from clinic.imports.queries import Counts, counts_of, kind_of
from clinic.imports.service.receiving import PIECE

MOST_NAMED = 20


def commands() -> list[click.Command]:
    """``flask import patients FILE`` and one command for every other kind of list."""
    return [_command(name) for name in KINDS]


def _command(kind: str) -> click.Command:
    @click.command(kind, help=f"Take the {kind} in FILE: CSV or Excel, any column names in any order.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--facility", type=int, help="The clinic's number, where there are several.")
    @click.option("--column", "columns", multiple=True, metavar="HEADING=FIELD", help="What a column is.")
    @click.option("--month-first", is_flag=True, help="Days are written 12/31/2020.")
    @click.option(
        "--leave-out", "lenient", multiple=True, metavar="FIELD", help="Take lines without its wrong values."
    )
    @click.option("--dry-run", is_flag=True, help="Only say what would happen.")
    @click.option(
        "--accept-refused", is_flag=True, help="Take what is right, and write the rest beside FILE."
    )
    def run(  # noqa: PLR0917 - one argument for each option
        file: Path,
        facility: int | None,
        columns: tuple[str, ...],
        month_first: bool,
        lenient: tuple[str, ...],
        dry_run: bool,
        accept_refused: bool,
    ) -> None:
        try:
            place = get_facility(facility) if facility else default_facility()
            row = _looked_over(kind, file, place, columns, month_first, lenient)
            counts = counts_of(row.id)
            _tell(row, counts)
            if dry_run:
                _act(row.id, lambda row: service.stop(SYSTEM, row))
                _act(row.id, lambda row: service.forget_lines([row.id]))
                return
            if counts.refused and not accept_refused:
                raise click.ClickException(
                    "Nothing was written. Mend the lines above, leave values out with --leave-out, "
                    "or take the rest with --accept-refused."
                )
            if counts.ready:
                row = _carried(row.id, lambda row: service.commit(SYSTEM, row), ImportState.DONE)
            _report(row, file)
        except DomainError as error:
            raise click.ClickException(error.message) from None

    return run


def _looked_over(  # noqa: PLR0917 - what the command was given
    kind: str,
    file: Path,
    facility: Facility,
    columns: tuple[str, ...],
    month_first: bool,
    lenient: tuple[str, ...],
) -> Import:
    """The file, read and looked at line by line."""
    facility_id = facility.id
    with unit_of_work():
        row = service.receive(
            SYSTEM, get_facility(facility_id), kind=kind, file_name=file.name, pieces=_pieces(file)
        )
        import_id = row.id
    row = _carried(import_id, None, ImportState.MAPPING)
    headings = list((row.shape or {}).get("headings", []))
    mapping = _mapping(row, headings, columns)
    labels = {entry.name: entry.name for entry in kind_of(row).fields}
    for heading, name in zip(headings, mapping, strict=True):
        click.echo(f"{heading} → {labels.get(name, '(left out)')}", err=True)
    order = "mdy" if month_first else row.day_order
    row = _carried(
        import_id,
        lambda row: service.confirm_mapping(SYSTEM, row, mapping, day_order=order),
        ImportState.READY,
    )
    for name in lenient:
        row = _carried(import_id, _leaving_out(name), ImportState.READY)
    return row


def _leaving_out(name: str) -> Callable[[Import], None]:
    return lambda row: service.leave_out(SYSTEM, row, name, leave=True)


def _mapping(row: Import, headings: list[str], columns: tuple[str, ...]) -> list[str]:
    mapping = list(row.mapping)
    names = {entry.name for entry in kind_of(row).fields}
    for text in columns:
        heading, _equals, name = text.rpartition("=")
        if heading not in headings or (name and name not in names):
            known = f"Headings: {', '.join(headings)}. Fields: {', '.join(sorted(names))}."
            raise click.ClickException(f"“{text}” is not HEADING=FIELD. {known}")
        mapping[headings.index(heading)] = name
    return mapping


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        yield from iter(lambda: opened.read(PIECE), b"")


def _act(import_id: int, act: Callable[[Import], object]) -> None:
    with unit_of_work():
        act(db.session.get_one(Import, import_id))


def _carried(import_id: int, act: Callable[[Import], object] | None, wanted: ImportState) -> Import:
    """Begin a step, take it here and now, and see that it ended where it should."""
    if act is not None:
        _act(import_id, act)
    service.carry_on(import_id)
    row = db.session.get_one(Import, import_id, populate_existing=True)
    if row.state != wanted:
        raise click.ClickException(row.why or "A worker has taken this import on meanwhile.")
    return row


def _tell(row: Import, counts: Counts) -> None:
    click.echo(
        f"{counts.total} lines: {counts.new} new, {counts.present} here already, "
        f"{counts.undecided} may be somebody who is here, {counts.refused} refused."
    )
    for reason in counts.reasons:
        for sentence, lines in reason.sentences:
            click.echo(f"  refused: {reason.field}: {sentence} ({lines})")
    numbers = Counter[str]()
    for line in (
        db.session.query(ImportRow.number, ImportRow.outcome)
        .filter(ImportRow.import_id == row.id, ImportRow.outcome.in_(("refused", "duplicate")))
        .order_by(ImportRow.number)
    ):
        numbers[line.outcome] += 1
        if numbers[line.outcome] <= MOST_NAMED:
            click.echo(f"  line {line.number}: {line.outcome}", err=True)


def _report(row: Import, file: Path) -> None:
    counts = counts_of(row.id)
    click.echo(f"{counts.written} lines brought in, {counts.added} of them new.")
    if counts.refused or counts.undecided:
        rest = file.with_name(f"{file.stem} - not brought in.csv")
        with rest.open("w", encoding="utf-8", newline="") as opened:
            opened.writelines(service.refused_file(row))
        click.echo(f"The other {counts.refused + counts.undecided} are in {rest.name}, with the reasons.")
        click.echo(f"They can also be mended in the browser: /imports/{row.id}")
