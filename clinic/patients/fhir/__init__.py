"""Patients from elsewhere, as FHIR R4."""

from __future__ import annotations

from pathlib import Path

from clinic.core.access import Actor
from clinic.core.errors import DomainError


class ImportRefused(DomainError):
    """The files were not taken, and why."""


def import_folder(folder: Path, actor: Actor, *, accept_refused: bool = False) -> str:
    raise ImportRefused(f"{folder} {actor.name} {accept_refused}")
