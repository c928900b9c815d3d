"""Words used again and again: somebody's own, and those of the clinic."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from wtforms import RadioField
from wtforms.validators import DataRequired

from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.encounters import snippet_queries as queries
from clinic.encounters.models import Snippet
from clinic.encounters.service import snippets as service
from clinic.facilities.queries import facility_of

bp = Blueprint("snippets", __name__, url_prefix="/settings/snippets")
WHO = (Role.ADMIN, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)


class SnippetForm(Form):
    """A short word, what it stands for, and for whom."""

    word = LineField(_l("Word"), [DataRequired(_l("Enter a short word."))], longest=40)
    text = TextField(
        _l("What it stands for"),
        [DataRequired(_l("Write what it stands for."))],
        longest=service.LONGEST_TEXT,
    )
    whose = RadioField(
        _l("For"), choices=[("own", _l("Me")), ("clinic", _l("Everybody at the clinic"))], default="own"
    )


@bp.get("")
@allow(*WHO)
def index() -> Response:
    """The snippets, and a form for one more, or for the one called ``?edit``."""
    actor = current_actor()
    edited = read_id(request.args.get("edit"))
    snippet = queries.get_snippet(actor, edited) if edited else None
    form = SnippetForm(formdata=None)
    if snippet is not None:
        form.word.data, form.text.data = snippet.word, snippet.text
        form.whose.data = "clinic" if snippet.facility_id else "own"
    return _index(actor, form, snippet)


@bp.post("")
@allow(*WHO)
def write() -> Response:
    """Keep a new snippet, or a changed one."""
    actor = current_actor()
    edited = read_id(request.form.get("snippet"))
    snippet = queries.get_snippet(actor, edited) if edited else None
    form = SnippetForm()
    form.whose.data = _whose(actor, form.whose.data)
    if not form.validate():
        return _index(actor, form, snippet, 422)
    facility_id = facility_of(actor).id if form.whose.data == "clinic" else None
    try:
        with unit_of_work():
            service.write_snippet(
                actor,
                word=form.word.data or "",
                text=form.text.data or "",
                facility_id=facility_id,
                snippet=snippet,
            )
    except DomainError as error:
        form.refuse(error)
        snippet = queries.get_snippet(actor, edited) if edited else None
        return _index(actor, form, snippet, error.status)
    say(_("Kept."))
    return go_to(url_for("snippets.index"))


@bp.post("/<id:snippet_id>/<any(remove, bring_back):step>")
@allow(*WHO)
def use(snippet_id: int, step: str) -> Response:
    """Take a snippet away, or bring it back."""
    actor = current_actor()
    snippet = queries.get_snippet(actor, snippet_id)
    try:
        with unit_of_work():
            (service.remove_snippet if step == "remove" else service.bring_back)(actor, snippet)
    except DomainError as error:
        say(error.message, "danger")
    else:
        say(
            _("Removed. It stands below, should you want it back.")
            if step == "remove"
            else _("Brought back.")
        )
    return go_to(url_for("snippets.index"))


def _whose(actor: Actor, wanted: str | None) -> str:
    """For whom a snippet may be: who writes no notes has none of their own, a therapist none for others."""
    if not actor.has(*queries.WRITERS):
        return "clinic"
    return "clinic" if wanted == "clinic" and queries.may_share(actor, facility_of(actor).id) else "own"


def _index(actor: Actor, form: SnippetForm, snippet: Snippet | None, status: int = 200) -> Response:
    facility = facility_of(actor)
    rows = queries.listed(actor, facility.id)
    shares, writes = queries.may_share(actor, facility.id), actor.has(*queries.WRITERS)
    return page(
        "encounters/snippets.html",
        status=status,
        form=form,
        snippet=snippet,
        own=[row for row in rows if row.owner_id and not row.removed_at],
        shared=[row for row in rows if row.facility_id and not row.removed_at],
        removed=[row for row in rows if row.removed_at and (row.owner_id or shares)],
        shares=shares,
        writes=writes,
    )
