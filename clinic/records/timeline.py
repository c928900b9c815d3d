"""Papers in a patient's timeline: at the day they came in."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import url_for
from sqlalchemy import Select, func, select

from clinic.core.access import FRONT_DESK, Actor, Role
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import ngettext, show_date
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source
from clinic.records.models import Paper
from clinic.records.policy import papers_in_sight
from clinic.records.wording import kind_word, source_words

KIND = "paper"


def connect() -> None:
    """Let the timeline tell papers."""
    register_source(
        TimelineSource(kind=KIND, label=_l("Papers"), icon="file-text", order=60, select=_select, show=_show)
    )


def _select(actor: Actor, patient_id: int) -> Select[Any] | None:
    if actor.has(*FRONT_DESK) and not actor.has(Role.PRACTITIONER, Role.THERAPIST):
        return None
    facts = func.jsonb_build_object(
        "title", Paper.title,
        "kind", Paper.kind,
        "source", Paper.source,
        "dated", Paper.document_date,
        "pages", Paper.pages,
        "verified", Paper.verified_at.is_not(None),
        "removed", Paper.removed_at.is_not(None),
    )  # fmt: skip
    return select(Paper.created_at.label("at"), Paper.id.label("id"), facts.label("facts")).where(
        Paper.patient_id == patient_id, papers_in_sight(actor)
    )


def _show(entry: Happened, _zone: str) -> Line:
    facts = entry.facts
    said = [str(kind_word(facts["kind"]))] if facts["title"] != str(kind_word(facts["kind"])) else []
    if facts["dated"]:
        said.append(_("of %(day)s", day=show_date(date.fromisoformat(facts["dated"]))))
    if facts["pages"]:
        said.append(ngettext("%(num)s page", "%(num)s pages", facts["pages"]))
    said.append(source_words(facts["source"]))
    mark, tone, icon = "", "", ""
    if facts["removed"]:
        mark, icon = _("Entered in error"), "x"
    elif facts["verified"]:
        mark, tone, icon = _("Verified"), "leaf", "badge-check"
    return Line(
        title=facts["title"],
        text=" · ".join(said),
        href=url_for("records.show", paper_id=entry.id),
        mark=mark,
        tone=tone,
        icon=icon,
        struck=facts["removed"],
    )
