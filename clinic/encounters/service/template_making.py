"""A clinic's own templates: begun from nothing or a copy, changed, published, retired, brought back."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from typing import Any

from sqlalchemy import func, select, update

from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.encounters import template_queries as queries
from clinic.encounters.layout_schema import SCHEMA, Problems, layout_problems
from clinic.encounters.models import NoteTemplate
from clinic.scheduling.models import Service

LONGEST_NAME = 80
STANDARD = "soap"
"""What notes of a service begin with when nothing else is chosen."""
constraint_means(
    "note_templates_published_locked",
    lambda: Conflict(_("This version is published and stays as it is. Change the next one.")),
)
constraint_means(
    "uq_note_templates_draft", lambda: Conflict(_("Somebody has begun the next version already."))
)


class NotWhole(Invalid):
    """A template cannot be published yet. ``problems`` maps places of the editor to words."""

    code = "not_whole"

    def __init__(self, problems: Problems) -> None:
        super().__init__(_("This cannot be published yet. Look at what is marked."))
        self.problems = dict(problems)


def begin_template(
    actor: Actor, facility_id: int, name: str, source: NoteTemplate | None = None
) -> NoteTemplate:
    """A new template as a draft, empty or a copy of ``source``. Raises Forbidden, and Invalid for no name."""
    _must_arrange(actor, facility_id)
    name = _name_of(name)
    template = NoteTemplate(
        facility_id=facility_id,
        origin="clinic",
        code=_code_for(name),
        version=1,
        name=name,
        schema=SCHEMA,
        layout=deepcopy(source.layout) if source else {"sections": []},
        active=False,
        based_on_id=source.id if source and source.published_at else None,
        created_by=actor.user_id,
    )
    db.session.add(template)
    db.session.flush()
    _log(actor, "note_template.begun", template)
    return template


def next_version(actor: Actor, template: NoteTemplate) -> NoteTemplate:
    """The draft of the version after a published one: the one begun already, or a new copy of it."""
    _must_own(actor, template)
    rows = db.session.scalars(
        select(NoteTemplate).where(NoteTemplate.code == template.code).order_by(NoteTemplate.version)
    ).all()
    draft = next((row for row in rows if row.published_at is None), None)
    if draft is not None:
        return draft
    draft = NoteTemplate(
        facility_id=template.facility_id,
        origin="clinic",
        code=template.code,
        version=rows[-1].version + 1,
        name=template.name,
        schema=SCHEMA,
        layout=deepcopy(template.layout),
        active=False,
        based_on_id=template.id,
        created_by=actor.user_id,
    )
    db.session.add(draft)
    db.session.flush()
    _log(actor, "note_template.begun", draft)
    return draft


def change_draft(
    actor: Actor, template: NoteTemplate, *, name: str, layout: dict[str, Any], revision: int
) -> None:
    """Keep a draft as it is typed, whole or not. Raises Conflict when somebody else changed it meanwhile."""
    _must_own(actor, template)
    if template.published_at is not None:
        raise Conflict(_("This version is published and stays as it is. Change the next one."))
    changed = db.session.scalar(
        update(NoteTemplate)
        .where(
            NoteTemplate.id == template.id,
            NoteTemplate.revision == revision,
            NoteTemplate.published_at.is_(None),
        )
        .values(name=one_line(name)[:LONGEST_NAME] or template.name, layout=layout, revision=revision + 1)
        .returning(NoteTemplate.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise Conflict(_("Somebody else changed this template meanwhile. Look at it once more."))
    db.session.expire(template)


def publish(actor: Actor, template: NoteTemplate) -> None:
    """Let notes begun from now on be written in this version; those begun before keep theirs.

    Raises NotWhole with what is wrong, by place.
    """
    _must_own(actor, template)
    if template.published_at is not None:
        return
    problems = layout_problems(template.layout)
    if problems:
        raise NotWhole(problems)
    template.published_at, template.published_by, template.active = clock.now(), actor.user_id, True
    db.session.flush()
    _log(actor, "note_template.published", template)


def discard_draft(actor: Actor, template: NoteTemplate) -> None:
    """Take away a draft; what is published stays."""
    _must_own(actor, template)
    if template.published_at is not None:
        raise Conflict(_("This version is published and stays as it is. Change the next one."))
    _log(actor, "note_template.discarded", template)
    db.session.delete(template)
    db.session.flush()


def retire(actor: Actor, template: NoteTemplate) -> None:
    """Offer a template no more; notes written in it stay. Raises Invalid while services begin with it."""
    _must_own(actor, template)
    used = db.session.scalar(
        select(func.string_agg(Service.name, ", ")).where(
            Service.note_template == template.code, Service.active
        )
    )
    if used:
        raise Invalid(
            _("Notes of these services begin with it: %(names)s. Choose another for them first.", names=used)
        )
    _set_in_use(template.code, in_use=False, by=actor.user_id)
    _log(actor, "note_template.retired", template)


def bring_back(actor: Actor, template: NoteTemplate) -> None:
    """Offer a template again."""
    _must_own(actor, template)
    _set_in_use(template.code, in_use=True, by=actor.user_id)
    _log(actor, "note_template.brought_back", template)


def assign(actor: Actor, template: NoteTemplate, facility_id: int, service_ids: Collection[int]) -> None:
    """Say which services of a clinic begin their notes with a template; the others that did begin with the
    standard one. Raises Forbidden, and Invalid for a template that is not in use.
    """
    if not queries.may_assign(actor, facility_id):
        raise Forbidden(_("Whoever runs the clinic says which services begin with which template."))
    if not template.active or template.facility_id not in (None, facility_id):
        raise Invalid(_("This template is not in use."))
    changed = []
    for service in queries.services_of(facility_id):
        wanted = service.id in service_ids
        if wanted and service.note_template != template.code:
            service.note_template = template.code
            changed.append(service.id)
        elif not wanted and service.note_template == template.code and template.code != STANDARD:
            service.note_template = STANDARD
            changed.append(service.id)
    db.session.flush()
    if changed:
        record(
            actor,
            "note_template.assigned",
            subject_type="note_template",
            subject_id=template.id,
            facility_id=facility_id,
            detail={"services": changed},
        )


def _set_in_use(code: str, *, in_use: bool, by: int | None) -> None:
    values = {
        "active": in_use,
        "retired_at": None if in_use else clock.now(),
        "retired_by": None if in_use else by,
    }
    db.session.execute(
        update(NoteTemplate)
        .where(NoteTemplate.code == code, NoteTemplate.published_at.is_not(None))
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )


def _name_of(text: str) -> str:
    name = one_line(text)
    if not name:
        raise Invalid(_("Name the template."), field="name")
    if len(name) > LONGEST_NAME:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_NAME), field="name")
    return name


def _code_for(name: str) -> str:
    """A code nobody has yet. Two people who begin one of the same name at once: the second tries again."""
    base = "_".join(word for word in fold(name).split() if word.isascii())[:30] or "own"
    taken = set(
        db.session.scalars(
            select(NoteTemplate.code).where(NoteTemplate.code.startswith(base, autoescape=True))
        )
    )
    code, number = base, 2
    while code in taken:
        code, number = f"{base}_{number}", number + 1
    return code


def _must_arrange(actor: Actor, facility_id: int | None) -> None:
    if facility_id is None or not queries.may_arrange(actor, facility_id):
        raise Forbidden(_("This template comes with Sutra. Make a copy, and change that."))


def _must_own(actor: Actor, template: NoteTemplate) -> None:
    _must_arrange(actor, template.facility_id)


def _log(actor: Actor, action: str, template: NoteTemplate) -> None:
    record(
        actor,
        action,
        subject_type="note_template",
        subject_id=template.id,
        facility_id=template.facility_id,
        detail={"version": template.version},
    )
