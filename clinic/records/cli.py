"""``flask files``: whether the store and the rows agree."""

from __future__ import annotations

import click
from flask.cli import AppGroup, with_appcontext

from clinic.records import sweep

files = AppGroup("files", help="Uploaded files.")
MOST_NAMED = 20


@files.command("check")
@click.option("--remove", is_flag=True, help="Delete what no row knows of and is older than an hour.")
@with_appcontext
def check(remove: bool) -> None:
    """Say which files belong to nothing, and which papers lack their file (exit 1 for those)."""
    extra = [kept.key for kept in sweep.orphans()]
    lost = sweep.missing().paper_ids
    click.echo(f"{len(extra)} files that belong to no paper.")
    for key in extra[:MOST_NAMED]:
        click.echo(f"  {key}")
    click.echo(f"{len(lost)} papers whose file is missing.")
    for paper_id in lost[:MOST_NAMED]:
        click.echo(f"  paper {paper_id}")
    if remove:
        click.echo(f"{sweep.let_go_of_orphans()} files deleted.")
    if lost:
        raise SystemExit(1)
