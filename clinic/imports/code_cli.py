"""Bringing in a code list from the command line."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from clinic.core.access import SYSTEM
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.encounters.models import CodeSystemName
from clinic.imports.code_lists import COLUMNS, CodeFile
from clinic.imports.service.code_uploads import bring_in_codes, discard_codes, look_over, receive_codes

MOST_NAMED = 20


@click.command("import-codes")
@click.argument("system", type=click.Choice([str(name) for name in CodeSystemName]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--edition", default="", help="Which edition of the list this is.")
@click.option("--licence", default="", help="Where the list is from and what allows its use.")
@click.option("--column", "columns", multiple=True, metavar="HEADING=FIELD", help="What a column holds.")
@click.option("--part", is_flag=True, help="The file is a part of the list: retire nothing.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@with_appcontext
def import_codes(  # noqa: PLR0917 - one argument for each option
    system: str, file: Path, edition: str, licence: str, columns: tuple[str, ...], part: bool, dry_run: bool
) -> None:
    """Bring the codes in FILE into SYSTEM: CSV or Excel. What is refused is named, the rest comes in."""
    try:
        with unit_of_work():
            row = receive_codes(
                SYSTEM,
                system=system,
                file_name=file.name,
                data=file.read_bytes(),
                list_version=edition,
                licence=licence,
            )
            found, brought = look_over(row, None, whole=not part)
            mapping = _mapping(found, columns) if columns else None
            if mapping:
                found, brought = look_over(row, mapping, whole=not part)
            if not found.is_mapped:
                headings = ", ".join(found.headings)
                raise click.ClickException(
                    f"Say which columns hold codes and names: --column HEADING=code. Columns: {headings}"
                )
            _tell(found)
            if dry_run:
                discard_codes(SYSTEM, row)
            else:
                brought = bring_in_codes(SYSTEM, row, mapping, whole=not part)
    except DomainError as error:
        raise click.ClickException(error.message) from None
    click.echo(
        f"{brought.new} new, {brought.changed} changed, {brought.same} as they were, "
        f"{brought.retired} retired, {len(found.refused)} refused."
    )


def _mapping(found: CodeFile, columns: tuple[str, ...]) -> list[str]:
    given = dict(column.rsplit("=", 1) for column in columns if "=" in column)
    wrong = [field for field in given.values() if field not in COLUMNS]
    if wrong:
        raise click.ClickException(f"Fields are {', '.join(COLUMNS)}; not {', '.join(wrong)}.")
    return [
        given.get(heading, "" if guessed in given.values() else guessed)
        for heading, guessed in zip(found.headings, found.mapping, strict=True)
    ]


def _tell(found: CodeFile) -> None:
    for line in found.refused[:MOST_NAMED]:
        click.echo(f"Line {line.number}, {line.code or 'no code'}: {line.why}")
    if len(found.refused) > MOST_NAMED:
        click.echo(f"… and {len(found.refused) - MOST_NAMED} more refused lines.")
