"""Finding note templates to arrange them. Every loader names who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.encounters.models import NoteTemplate
from clinic.scheduling.models import Service

ARRANGERS = (Role.ADMIN, Role.FACILITY_ADMIN, Role.PRACTITIONER)
"""Who makes a clinic's templates: whoever runs it, and its practitioners."""
MANAGERS = (Role.ADMIN, Role.FACILITY_ADMIN)
"""Who says which services begin with which template."""


@dataclass(frozen=True)
class TemplateLine:
    """One template of the list: the version in use or last published, the draft of the next one, and the
    names of the services whose notes begin with it.
    """

    published: NoteTemplate | None
    draft: NoteTemplate | None
    services: tuple[str, ...]

    @property
    def shown(self) -> NoteTemplate:
        """The version that names the line."""
        found = self.published or self.draft
        assert found is not None
        return found

    @property
    def retired(self) -> bool:
        return self.published is not None and not self.published.active


def templates_in_reach(actor: Actor) -> ColumnElement[bool]:
    """The templates somebody may look at: the shipped ones, and those of the clinics they arrange."""
    reach = actor.reach(*ARRANGERS)
    if reach is None:
        return NoteTemplate.id.is_not(None)
    return or_(NoteTemplate.facility_id.is_(None), NoteTemplate.facility_id.in_(reach))


def may_arrange(actor: Actor, facility_id: int) -> bool:
    """Whether somebody makes and changes this clinic's templates."""
    return actor.has(*ARRANGERS, at=facility_id)


def may_assign(actor: Actor, facility_id: int) -> bool:
    """Whether somebody says which services of a clinic begin with which template."""
    return actor.has(*MANAGERS, at=facility_id)


def get_template(actor: Actor, template_id: int) -> NoteTemplate:
    """One version of a template. Raises NotFound for who may not know of it."""
    found = db.session.scalars(
        select(NoteTemplate).where(NoteTemplate.id == template_id, templates_in_reach(actor))
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such template."))
    return found


def template_lines(actor: Actor, facility_id: int) -> list[TemplateLine]:
    """Every template a clinic has or may use, the shipped ones last. Two statements."""
    here = or_(NoteTemplate.facility_id.is_(None), NoteTemplate.facility_id == facility_id)
    rows = db.session.scalars(
        select(NoteTemplate)
        .where(here, templates_in_reach(actor))
        .order_by(NoteTemplate.facility_id.is_(None), func.lower(NoteTemplate.name), NoteTemplate.version)
    )
    used = services_by_template(facility_id)
    by_code: dict[str, list[NoteTemplate]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    return [_line(code, versions, used) for code, versions in by_code.items()]


def _line(code: str, versions: Sequence[NoteTemplate], used: dict[str, list[str]]) -> TemplateLine:
    published = [row for row in versions if row.published_at is not None]
    in_use = [row for row in published if row.active] or published
    draft = next((row for row in versions if row.published_at is None), None)
    return TemplateLine(in_use[-1] if in_use else None, draft, tuple(used.get(code, ())))


def services_by_template(facility_id: int) -> dict[str, list[str]]:
    """The names of a clinic's services by the code of the template their notes begin with."""
    found: dict[str, list[str]] = {}
    for service in services_of(facility_id):
        found.setdefault(service.note_template, []).append(service.shown_name)
    return found


def services_of(facility_id: int) -> list[Service]:
    """A clinic's services that are offered, by name."""
    return list(
        db.session.scalars(
            select(Service)
            .where(Service.facility_id == facility_id, Service.active)
            .order_by(Service.name, Service.id)
        )
    )


def versions_of(actor: Actor, code: str) -> list[NoteTemplate]:
    """The published versions of a template, the newest first."""
    return list(
        db.session.scalars(
            select(NoteTemplate)
            .where(
                NoteTemplate.code == code,
                NoteTemplate.published_at.is_not(None),
                templates_in_reach(actor),
            )
            .order_by(NoteTemplate.version.desc())
        )
    )
