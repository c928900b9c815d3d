"""Bringing in a file: the page it begins on, and the imports there have been."""

from __future__ import annotations

import csv
import io

from flask import Response, abort, make_response, request
from werkzeug.datastructures import FileStorage

from clinic.core.access import allow
from clinic.core.cells import neutral
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, page
from clinic.facilities.queries import facility_of
from clinic.imports import policy, service
from clinic.imports.forms import UploadForm
from clinic.imports.kinds import KINDS
from clinic.imports.policy import IMPORTING
from clinic.imports.queries import recent_imports
from clinic.imports.reading import MOST_BYTES
from clinic.imports.service.receiving import PIECE
from clinic.imports.views.blueprint import bp, to_import

PER_PAGE = 20


@bp.get("/imports")
@allow(*IMPORTING)
def index() -> Response:
    """Choose a file; below, what was brought in before."""
    return _index(UploadForm(formdata=None), 200)


@bp.post("/imports")
@allow(*IMPORTING)
@takes_files(MOST_BYTES)
def receive() -> Response:
    """Take a file, and go on to what is in it."""
    actor = current_actor()
    form = UploadForm()
    form.kind.choices = [(kind.name, kind.label) for kind in policy.kinds_for(actor)]
    sent: FileStorage | None = form.file.data
    if not form.validate():
        return _index(form, 422)
    if not isinstance(sent, FileStorage) or not sent.filename:
        form.refuse(Invalid(_("Choose a file."), field="file"))
        return _index(form, 422)
    try:
        with unit_of_work():
            row = service.receive(
                actor,
                facility_of(actor),
                kind=form.kind.data,
                file_name=sent.filename,
                pieces=iter(lambda: sent.stream.read(PIECE), b""),
            )
            import_id = row.id
    except DomainError as error:
        form.refuse(error)
        return _index(form, error.status)
    return to_import(import_id)


@bp.get("/imports/sample/<name>.csv")
@allow(*IMPORTING)
def sample(name: str) -> Response:
    """A small file that shows what a list may look like."""
    if name not in KINDS:
        abort(404)
    buffer = io.StringIO()
    csv.writer(buffer).writerows([[neutral(cell) for cell in line] for line in KINDS[name].sample])
    response = make_response("\ufeff" + buffer.getvalue())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _index(form: UploadForm, status: int) -> Response:
    actor = current_actor()
    kinds = policy.kinds_for(actor)
    form.kind.choices = [(kind.name, kind.label) for kind in kinds]
    if form.kind.data is None and kinds:
        form.kind.data = kinds[0].name
    before = request.args.get("before", "")
    older_than = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    rows = recent_imports(actor, facility_of(actor).id, before=older_than, limit=PER_PAGE + 1)
    return page(
        "imports/index.html",
        status=status,
        form=form,
        kinds=kinds,
        labels={kind.name: kind.label for kind in kinds},
        imports=rows[:PER_PAGE],
        older=rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None,
        megabytes=MOST_BYTES // 1_000_000,
    )
