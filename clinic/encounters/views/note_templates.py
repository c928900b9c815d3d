"""The pages on which a clinic makes the templates its notes are written in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from wtforms import SelectField
from wtforms.validators import DataRequired

from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError, Invalid
from clinic.core.forms import Form, LineField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.web import current_actor, go_to, is_fragment, page, read_id, say
from clinic.encounters import template_queries as queries
from clinic.encounters.copied import begun_with
from clinic.encounters.layout import read_layout
from clinic.encounters.layout_editing import changed, default_text, layout_of, options_text
from clinic.encounters.layout_schema import SCALES, WITH_OPTIONS, WITH_PHRASES, WITH_UNIT
from clinic.encounters.models import NoteTemplate
from clinic.encounters.note_page import layout_sections
from clinic.encounters.service import template_making as making
from clinic.encounters.vitals import MEASURES
from clinic.encounters.wording import said
from clinic.facilities.queries import facility_of

bp = Blueprint("note_templates", __name__, url_prefix="/settings/note-templates")
ARRANGERS = queries.ARRANGERS
KIND_WORDS = {
    "text": _l("Text, several lines"),
    "line": _l("Text, one line"),
    "number": _l("Number"),
    "scale": _l("Scale from 0"),
    "choice": _l("One answer of several"),
    "choices": _l("Several answers"),
    "date": _l("Day"),
    "time": _l("Time"),
}


class BeginForm(Form):
    """A new template: what it is called, and what it begins as."""

    name = LineField(_l("Name"), [DataRequired(_l("Name the template."))], longest=making.LONGEST_NAME)
    source = SelectField(_l("Begin with"), validate_choice=False)


@bp.get("")
@allow(*ARRANGERS)
def index() -> Response:
    """The clinic's templates and the shipped ones."""
    return _index(_begin_form(current_actor()))


@bp.post("")
@allow(*ARRANGERS)
def begin() -> Response:
    """A new template, empty or a copy of another."""
    actor = current_actor()
    form = _begin_form(actor)
    if not form.validate():
        return _index(form, 422)
    source_id = read_id(form.source.data)
    source = queries.get_template(actor, source_id) if source_id else None
    try:
        with unit_of_work():
            made = making.begin_template(actor, facility_of(actor).id, form.name.data or "", source).id
    except DomainError as error:
        form.refuse(error)
        return _index(form, error.status)
    return go_to(url_for("note_templates.edit", template_id=made))


@bp.get("/<id:template_id>")
@allow(*ARRANGERS)
def show(template_id: int) -> Response:
    """One version as notes show it, its versions, and the services that begin with it."""
    actor = current_actor()
    template = queries.get_template(actor, template_id)
    if template.published_at is None:
        return go_to(url_for("note_templates.edit", template_id=template.id))
    facility = facility_of(actor)
    return page(
        "encounters/templates/show.html",
        template=template,
        sections=_preview(template),
        versions=queries.versions_of(actor, template.code),
        services=queries.services_of(facility.id),
        may_change=template.facility_id is not None and queries.may_arrange(actor, template.facility_id),
        may_assign=queries.may_assign(actor, facility.id) and template.active,
        said=said,
    )


@bp.get("/<id:template_id>/edit")
@allow(*ARRANGERS)
def edit(template_id: int) -> Response:
    """Write a draft; for a published version, the draft of the next."""
    actor = current_actor()
    template = queries.get_template(actor, template_id)
    if template.published_at is not None:
        return go_to(url_for("note_templates.show", template_id=template.id))
    return _editor(template, at=request.args.get("at", ""))


@bp.post("/<id:template_id>/next")
@allow(*ARRANGERS)
def next_version(template_id: int) -> Response:
    """Begin the next version of a published template, or go on with it."""
    actor = current_actor()
    with unit_of_work():
        draft = making.next_version(actor, queries.get_template(actor, template_id)).id
    return go_to(url_for("note_templates.edit", template_id=draft))


@bp.post("/<id:template_id>/edit")
@allow(*ARRANGERS)
def change(template_id: int) -> Response:
    """Keep what is typed, and take the step whose button was pressed; ``publish`` and ``save`` among them."""
    actor = current_actor()
    template = queries.get_template(actor, template_id)
    typed = request.form.to_dict(flat=False)
    step = request.form.get("do", "save")
    layout, at = changed(layout_of(typed, template.layout), step)
    name = request.form.get("name", "")
    revision = read_id(request.form.get("revision")) or 0
    try:
        with unit_of_work():
            making.change_draft(actor, template, name=name, layout=layout, revision=revision)
        if step == "publish":
            with unit_of_work():
                making.publish(actor, template)
            say(_("Published. Notes begun from now on may use it; earlier ones keep theirs."))
            return go_to(url_for("note_templates.show", template_id=template_id))
    except making.NotWhole as error:
        return _editor(template, problems=error.problems, status=422)
    except Conflict as error:
        template = queries.get_template(actor, template_id)
        if template.published_at is not None:
            say(error.message, "warn")
            return go_to(url_for("note_templates.show", template_id=template_id))
        return _editor(template, layout=layout, name=name, conflict=error.message, status=409)
    if step == "save" and not is_fragment():
        say(_("Saved as a draft. Notes use it once it is published."))
    if is_fragment():
        return _editor(template, at=at, saved=step == "save")
    return go_to(url_for("note_templates.edit", template_id=template_id, at=at or None, _anchor=at or None))


@bp.post("/<id:template_id>/discard")
@allow(*ARRANGERS)
def discard(template_id: int) -> Response:
    """Take a draft away."""
    actor = current_actor()
    with unit_of_work():
        making.discard_draft(actor, queries.get_template(actor, template_id))
    say(_("The draft is gone. What is published stays."))
    return go_to(url_for("note_templates.index"))


@bp.post("/<id:template_id>/<any(retire, bring_back):step>")
@allow(*ARRANGERS)
def use(template_id: int, step: str) -> Response:
    """Offer a template no more, or again."""
    actor = current_actor()
    template = queries.get_template(actor, template_id)
    try:
        with unit_of_work():
            (making.retire if step == "retire" else making.bring_back)(actor, template)
    except Invalid as error:
        say(error.message, "danger")
    else:
        say(_("Not offered any more. Notes written in it stay.") if step == "retire" else _("Offered again."))
    return go_to(url_for("note_templates.show", template_id=template_id))


@bp.post("/<id:template_id>/services")
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def assign(template_id: int) -> Response:
    """Say which services begin their notes with this template."""
    actor = current_actor()
    template = queries.get_template(actor, template_id)
    chosen = {found for text in request.form.getlist("services") if (found := read_id(text))}
    with unit_of_work():
        making.assign(actor, template, facility_of(actor).id, chosen)
    say(_("Saved. New notes of these services begin with it."))
    return go_to(url_for("note_templates.show", template_id=template_id))


def _begin_form(actor: Actor) -> BeginForm:
    form = BeginForm()
    lines = queries.template_lines(actor, facility_of(actor).id)
    form.source.choices = [("", _("Nothing: an empty template"))] + [
        (str(line.shown.id), _("A copy of “%(name)s”", name=said(line.shown.name))) for line in lines
    ]
    if form.source.data is None or form.source.data == "None":
        form.source.data = ""
    form.lines = lines
    return form


def _index(form: BeginForm, status: int = 200) -> Response:
    return page("encounters/templates/index.html", status=status, form=form, lines=form.lines, said=said)


def _editor(
    template: NoteTemplate,
    *,
    layout: dict[str, Any] | None = None,
    name: str | None = None,
    problems: dict[str, str] | None = None,
    at: str = "",
    conflict: str = "",
    saved: bool = False,
    status: int = 200,
) -> Response:
    return page(
        "encounters/templates/edit.html",
        "encounters/templates/_editor.html",
        status=status,
        template=template,
        name=template.name if name is None else name,
        layout=template.layout if layout is None else layout,
        problems=problems or {},
        at=at,
        conflict=conflict,
        saved=saved,
        sections=_preview(template, layout),
        kinds=KIND_WORDS,
        scales=SCALES,
        measures={code: said(measure.label) for code, measure in MEASURES.items()},
        with_options=WITH_OPTIONS,
        with_phrases=WITH_PHRASES,
        with_unit=WITH_UNIT,
        options_text=options_text,
        default_text=default_text,
        phrases_text=_phrases_text,
        said=said,
    )


def _phrases_text(field: dict[str, Any]) -> str:
    return "\n".join(said(phrase) for phrase in field.get("phrases", ()))


def _preview(template: NoteTemplate, layout: dict[str, Any] | None = None) -> list[Any]:
    shape = read_layout(template.layout if layout is None else layout)
    return layout_sections(shape, begun_with(shape))
