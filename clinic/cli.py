"""What the command line can do: ``flask admin``, ``audit``, ``demo``, ``import``, ``files``, processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from clinic import demo
from clinic.accounts.cli import create_admin_link, reset_second_step
from clinic.audit.cli import audit
from clinic.config import ConfigurationError
from clinic.core.access import SYSTEM
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.periodic import run_clock
from clinic.core.roles import grant
from clinic.encounters.service import ensure_templates
from clinic.facilities.service import ensure_first_facility
from clinic.imports import cli as imports
from clinic.imports.code_cli import import_codes
from clinic.notifications.push import new_key
from clinic.notifications.service import expire_open
from clinic.notifications.worker import run_worker
from clinic.patients.fhir import ImportRefused, import_folder
from clinic.patients.service.consent_kinds import ensure_usual
from clinic.records.cli import files

admin = AppGroup("admin", help="Administrators.")
demo_clinic = AppGroup("demo", help="A clinic to try things on; never in production.")
roles = AppGroup("roles", help="The roles of the database.")
bring_in = AppGroup("import", help="Bring in records from elsewhere.")


@admin.command("create")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
def create_admin(email: str, name: str) -> None:
    """Make EMAIL an administrator and print the link, good once, for choosing a password."""
    try:
        with unit_of_work():
            ensure_first_facility(SYSTEM)
        link = create_admin_link(email, name, public_url=current_app.extensions["settings"].public_url)
    except DomainError as error:
        raise click.ClickException(error.message) from None
    click.echo(link)


@admin.command("reset-second-step")
@click.argument("email")
def reset_second_step_of(email: str) -> None:
    """Take away the second step and passkeys of EMAIL, who lost them; they are told by e-mail."""
    try:
        reset_second_step(email)
    except DomainError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"{email} signs in with the password alone from now on.")


@demo_clinic.command("load")
@click.option("--if-empty", is_flag=True, help="Do nothing when there already is a facility.")
def load_demo(if_empty: bool) -> None:
    """Load the demo clinic."""
    if current_app.extensions["settings"].is_production:
        raise click.ClickException("The demo clinic has known passwords and is never loaded in production.")
    try:
        loaded = demo.load(if_empty=if_empty)
    except DomainError as error:
        raise click.ClickException(error.message) from None
    click.echo("The demo clinic is loaded." if loaded else "There is a clinic already; nothing was loaded.")


@demo_clinic.command("show")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show_demo(as_json: bool) -> None:
    """Say how to sign in to the demo clinic."""
    if current_app.extensions["settings"].is_production:
        raise click.ClickException("There is no demo clinic in production.")
    facts = demo.log_ins()
    click.echo(json.dumps(facts) if as_json else "\n".join(f"{key}: {value}" for key, value in facts.items()))


@bring_in.command("fhir")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--accept-refused", is_flag=True, help="Take what is right and only name the rest.")
def import_fhir(folder: Path, accept_refused: bool) -> None:
    """Take the FHIR R4 NDJSON files in FOLDER: Patient, Practitioner, AllergyIntolerance."""
    try:
        report = import_folder(
            folder, SYSTEM, accept_refused=accept_refused, tell=lambda text: click.echo(text, err=True)
        )
    except ImportRefused as refused:
        raise click.ClickException(str(refused)) from None
    except DomainError as error:
        raise click.ClickException(error.message) from None
    click.echo(str(report))


@roles.command("grant")
@click.argument("role")
def grant_role(role: str) -> None:
    """Give the database role ROLE what the application needs, and nothing more; `flask db upgrade` does so
    for the role of DATABASE_URL.
    """
    try:
        statements = grant(current_app.extensions["settings"], role)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(f"{statement};" for statement in statements))


@click.command("seed")
@with_appcontext
def seed() -> None:
    """Put in the data the product itself brings: the templates of notes, and consents as drafts."""
    with unit_of_work():
        count, consents = ensure_templates(), ensure_usual()
    click.echo(f"{count} note templates are new.")
    click.echo(f"{consents} consents are new, as drafts.")


@click.command("expire-messages")
@with_appcontext
def expire_messages() -> None:
    """Let all waiting messages expire: for a copy restored from a backup, before its worker starts."""
    with unit_of_work():
        count = expire_open()
    click.echo(f"{count} messages will not be sent.")


@click.command("vapid-key")
def vapid_key() -> None:
    """Print a new key for notices on phones, as the settings take it."""
    private, public = new_key()
    click.echo(f"VAPID_PRIVATE_KEY={private}")
    click.echo(f"The public key, for your records: {public}")


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Run jobs from the queue until told to stop."""
    run_worker(cast(Flask, current_app._get_current_object()))  # type: ignore[attr-defined]


@click.command("clock")
@with_appcontext
def tick() -> None:
    """Do what comes round by itself until told to stop."""
    run_clock(cast(Flask, current_app._get_current_object()))  # type: ignore[attr-defined]


def register(app: Flask) -> None:
    """Add the commands to ``flask``."""
    for command in imports.commands():
        bring_in.add_command(command)
    for command in (
        admin,
        audit,
        roles,
        demo_clinic,
        bring_in,
        files,
        import_codes,
        seed,
        expire_messages,
        vapid_key,
        worker,
        tick,
    ):
        app.cli.add_command(command)
