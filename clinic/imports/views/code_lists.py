"""Settings: the code lists diagnoses are named from, and bringing one in."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import SelectField

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import ngettext
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, page, say
from clinic.encounters.coding import SYSTEM_NAMES, code_lists
from clinic.imports.code_lists import COLUMNS, MOST_BYTES, MOST_SHOWN
from clinic.imports.service import code_uploads as service

bp = Blueprint("code_lists", __name__, url_prefix="/settings/code-lists")


class CodeListForm(Form):
    """Which list, its file, its edition, and what allows its use."""

    system = SelectField(_l("List"), choices=[(str(code), name) for code, name in SYSTEM_NAMES.items()])
    file = FileField(_l("CSV or Excel file"))
    list_version = LineField(_l("Edition"), longest=service.LONGEST_VERSION)
    licence = TextField(_l("Source and licence"), longest=service.LONGEST_LICENCE)


@bp.get("/")
@allow(Role.ADMIN)
def index() -> Response:
    """The lists there are, and a form for a file."""
    return _index(CodeListForm(formdata=None))


@bp.post("/")
@allow(Role.ADMIN)
@takes_files(MOST_BYTES)
def receive() -> Response:
    """Take a file, and go on to what is in it."""
    form = CodeListForm()
    sent = form.file.data
    if not isinstance(sent, FileStorage) or not sent.filename:
        form.refuse(Invalid(_("Choose a file."), field="file"))
        return _index(form, 422)
    if not form.validate():
        return _index(form, 422)
    try:
        with unit_of_work():
            row = service.receive_codes(
                current_actor(),
                system=form.system.data,
                file_name=sent.filename,
                data=sent.stream.read(MOST_BYTES + 1),
                list_version=form.list_version.data or "",
                licence=form.licence.data or "",
            )
            service.look_over(row, None, whole=True)
            upload_id = row.id
    except DomainError as error:
        form.refuse(error)
        return _index(form, error.status)
    return go_to(url_for("code_lists.preview", upload_id=upload_id))


@bp.get("/<id:upload_id>")
@allow(Role.ADMIN)
def preview(upload_id: int) -> Response:
    """What is in the file: columns, what would come in, what is refused and why."""
    return _preview(upload_id)


@bp.post("/<id:upload_id>")
@allow(Role.ADMIN)
def bring_in(upload_id: int) -> Response:
    """Bring it in as it was shown."""
    actor = current_actor()
    try:
        with unit_of_work():
            row = service.get_upload(actor, upload_id)
            name = str(SYSTEM_NAMES[row.system])
            done = service.bring_in_codes(actor, row, _mapping(), whole="whole" in request.form)
    except Invalid as error:
        return _preview(upload_id, problem=error.message, status=422)
    say(
        _(
            "%(list)s: %(new)s new, %(changed)s changed, %(retired)s retired.",
            list=name,
            new=f"{done.new:,}",
            changed=f"{done.changed:,}",
            retired=f"{done.retired:,}",
        )
    )
    return go_to(url_for("code_lists.index"))


@bp.post("/<id:upload_id>/discard")
@allow(Role.ADMIN)
def discard(upload_id: int) -> Response:
    """Let the file go."""
    actor = current_actor()
    with unit_of_work():
        service.discard_codes(actor, service.get_upload(actor, upload_id))
    say(_("The file was let go. Nothing has changed."))
    return go_to(url_for("code_lists.index"))


def _mapping() -> list[str] | None:
    return request.values.getlist("column") or None


def _preview(upload_id: int, problem: str = "", status: int = 200) -> Response:
    row = service.get_upload(current_actor(), upload_id)
    asked = request.values
    whole = "whole" in asked or "column" not in asked
    found, brought = service.look_over(row, _mapping(), whole=whole)
    return page(
        "imports/code_list.html",
        status=status,
        row=row,
        name=SYSTEM_NAMES[row.system],
        found=found,
        brought=brought,
        whole=whole,
        columns=COLUMNS,
        refused=found.refused[:MOST_SHOWN],
        first=found.lines[:10],
        problem=problem,
        lines_words=ngettext("%(num)s line", "%(num)s lines", len(found.lines) + len(found.refused)),
    )


def _index(form: CodeListForm, status: int = 200) -> Response:
    return page(
        "imports/code_lists.html",
        status=status,
        form=form,
        lists=code_lists(),
        megabytes=MOST_BYTES // 1_000_000,
    )
