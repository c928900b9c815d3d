"""``flask audit``: seal now, and verify what was sealed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from flask.cli import AppGroup

from clinic.audit.batches import seal_new
from clinic.audit.verifying import CopiedHeads, Finding, Result, StoredHeads, verify

audit = AppGroup("audit", help="The audit: seal it, verify it.")
SENTENCES = {
    Finding.ROW_ALTERED: "Row {event} was altered after it was sealed (batch {batch}).",
    Finding.ROW_REMOVED: "Row {event} was removed after it was sealed (batch {batch}).",
    Finding.ROW_INSERTED: "Row {event} was inserted into a range that was sealed before (batch {batch}).",
    Finding.BATCH_ALTERED: "Batch {batch} was altered{at}.",
    Finding.BATCH_REMOVED: "Batch {batch} was removed; it began with row {event}.",
    Finding.BATCHES_CUT_OFF: (
        "The end was cut off: batch {batch} and what follows it is gone, from row {event} on. "
        "Heads kept outside the database know of it."
    ),
    Finding.HEAD_DIFFERS: "Batch {batch} is not the one whose head is kept outside the database.",
    Finding.KEY_UNKNOWN: "Batch {batch} was sealed with a key that is not in AUDIT_KEYS.",
}


@audit.command("seal")
def seal() -> None:
    """Seal what was written since the last time, without waiting for the clock."""
    click.echo(f"{seal_new()} batches are new.")


@audit.command("verify")
@click.option(
    "--heads", default="store", help="The folder heads were copied to; `store` is the product's own."
)
def verify_all(heads: str) -> None:
    """Verify every sealed row. Ends with 1 and names the first thing that is wrong, if anything is."""
    folder = Path(heads)
    if heads != "store" and not folder.is_dir():
        raise click.ClickException(f"There is no folder {heads}.")
    began = time.monotonic()
    result = verify(
        StoredHeads() if heads == "store" else CopiedHeads(folder),
        alive=lambda rows: click.echo(f"{rows:,} rows …", err=True),
    )
    for line in told(result, time.monotonic() - began):
        click.echo(line)
    sys.exit(0 if result.good else 1)


def told(result: Result, seconds: float) -> list[str]:
    """A verification in sentences."""
    lines = []
    if result.finding is not None:
        at = f"; it shows at row {result.event_id}" if result.event_id else ""
        sentence = SENTENCES[result.finding].format(batch=result.batch, event=result.event_id, at=at)
        lines += [f"NOT AS IT WAS SEALED: {sentence}", "What comes after that was not looked at."]
    rate = f" ({result.rows / seconds:,.0f} a second)" if result.rows and seconds else ""
    lines.append(f"{result.rows:,} rows in {result.batches:,} batches are as they were sealed{rate}.")
    if result.sealed_until:
        lines.append(f"Sealed until {result.sealed_until:%Y-%m-%d %H:%M:%S} UTC, row {result.last_id}.")
    lines.append(
        f"{result.unsealed:,} rows were written after the last seal: changes to those cannot be seen."
    )
    if result.good:
        if result.heads is None:
            lines.append("The heads outside the database could not be read, so a cut-off end would not show.")
        else:
            lines.append(f"{result.heads:,} heads kept outside the database agree.")
    return lines
