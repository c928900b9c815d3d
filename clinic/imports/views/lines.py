"""One line of an import: mended, and decided."""

from __future__ import annotations

from flask import Response, request

from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.web import current_actor, fragment, is_fragment, page
from clinic.imports import service
from clinic.imports.display import all_cells, show_lines
from clinic.imports.models import Import, ImportRow
from clinic.imports.policy import IMPORTING
from clinic.imports.queries import counts_of, get_import, get_line, kind_of, lock_import
from clinic.imports.views.blueprint import bp, to_import

CELL = "cell-"
"""What the fields of a line are called, before the field's name."""


@bp.get("/imports/<id:import_id>/lines/<id:number>")
@allow(*IMPORTING)
def line(import_id: int, number: int) -> Response:
    """Every cell of a line, to be typed anew."""
    actor = current_actor()
    row = get_import(actor, import_id)
    return _form(row, get_line(row.id, number))


@bp.post("/imports/<id:import_id>/lines/<id:number>")
@allow(*IMPORTING)
def mend(import_id: int, number: int) -> Response:
    """Take what was typed for a line, or what was decided about it, and show it anew."""
    actor = current_actor()
    typed = {name.removeprefix(CELL): text for name, text in request.form.items() if name.startswith(CELL)}
    if request.form.get("accept"):
        typed[service.ACCEPTED] = "yes"
    try:
        with unit_of_work():
            row = lock_import(actor, import_id)
            one = get_line(row.id, number)
            if typed:
                service.mend(actor, row, one, typed)
            if "decision" in request.form:
                service.decide(actor, row, one, request.form["decision"])
    except DomainError as error:
        if error.status == 404:
            raise
        return _shown(actor, get_import(actor, import_id), get_line(import_id, number), error)
    return _shown(actor, get_import(actor, import_id), get_line(import_id, number))


def _shown(actor: Actor, row: Import, one: ImportRow, error: DomainError | None = None) -> Response:
    """The line as it stands now; without scripts, the page around it."""
    if not is_fragment():
        if error is not None:
            return _form(row, one, error)
        return to_import(row.id, show=request.form.get("show") or "all", after=max(0, one.number - 1))
    kind = kind_of(row)
    shown = show_lines(row, kind, service.context_of(actor, row), [one])[0]
    return fragment(
        "imports/_line_answer.html",
        error.status if error else 200,
        line=shown,
        row=row,
        kind=kind,
        counts=counts_of(row.id),
        show=request.form.get("show") or "all",
        wrong=None,
        error=error.message if error else None,
    )


def _form(row: Import, one: ImportRow, error: DomainError | None = None) -> Response:
    kind = kind_of(row)
    return page(
        "imports/line.html",
        "imports/_line_form.html",
        error.status if error else 200,
        row=row,
        kind=kind,
        number=one.number,
        cells=all_cells(row, kind, one),
        raw=list(zip((row.shape or {}).get("headings", []), one.cells, strict=False)),
        error=error.message if error else None,
        show=request.args.get("show") or request.form.get("show") or "all",
    )
