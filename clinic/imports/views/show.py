"""One import: what its columns are, its lines looked over, its progress, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request, stream_with_context, url_for
from werkzeug.http import dump_options_header

from clinic.audit import service as audit
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, is_timed_refresh, page, say
from clinic.imports import service
from clinic.imports.display import LineShown, show_lines
from clinic.imports.kinds import Touched
from clinic.imports.kinds.base import LINE, field_of
from clinic.imports.mapping import folded
from clinic.imports.models import Import, ImportState
from clinic.imports.policy import IMPORTING
from clinic.imports.queries import (
    PER_PAGE,
    SHOWS,
    counts_of,
    get_import,
    kind_of,
    lock_import,
    remembered_headings,
    samples_of,
    shown_lines,
)
from clinic.imports.reading import MOST_COLUMNS
from clinic.imports.views.blueprint import bp, to_import

PREVIEWED = (ImportState.READY, ImportState.DONE, ImportState.UNDONE)
SAMPLES_SHOWN = 3


@bp.get("/imports/<id:import_id>")
@allow(*IMPORTING)
def show(import_id: int) -> Response:
    """Where an import stands, and what comes next."""
    actor = current_actor()
    return import_page(actor, get_import(actor, import_id))


@bp.post("/imports/<id:import_id>/columns")
@allow(*IMPORTING)
def columns(import_id: int) -> Response:
    """Say what the columns are."""
    actor = current_actor()
    chosen = [request.form.get(f"column-{place}", "") for place in range(MOST_COLUMNS)]
    try:
        with unit_of_work():
            row = lock_import(actor, import_id)
            service.confirm_mapping(actor, row, chosen, day_order=request.form.get("day_order", "dmy"))
    except DomainError as error:
        row = get_import(actor, import_id)
        return import_page(actor, row, error=error.message, status=error.status, chosen=chosen)
    return to_import(import_id)


@bp.post("/imports/<id:import_id>/columns/again")
@allow(*IMPORTING)
def columns_again(import_id: int) -> Response:
    """Back to the columns."""
    return _do(import_id, service.change_mapping)


@bp.post("/imports/<id:import_id>/sheet")
@allow(*IMPORTING)
def sheet(import_id: int) -> Response:
    """Read another sheet of the workbook."""
    wanted = request.form.get("sheet", "")
    return _do(import_id, lambda actor, row: service.read_again(actor, row, sheet=wanted))


@bp.post("/imports/<id:import_id>/commit")
@allow(*IMPORTING)
def commit(import_id: int) -> Response:
    """Bring in what is agreed."""
    return _do(import_id, service.commit)


@bp.post("/imports/<id:import_id>/stop")
@allow(*IMPORTING)
def stop(import_id: int) -> Response:
    """Stop; nothing of what was begun stays."""
    return _do(import_id, service.stop)


@bp.post("/imports/<id:import_id>/go-on")
@allow(*IMPORTING)
def go_on(import_id: int) -> Response:
    """Look at the rest again."""
    return _do(import_id, service.go_on)


@bp.post("/imports/<id:import_id>/undo")
@allow(*IMPORTING)
def undo(import_id: int) -> Response:
    """Take the whole import back, unless somebody has worked on what came in."""
    actor = current_actor()
    with unit_of_work():
        row = lock_import(actor, import_id)
        touched = service.undo(actor, row)
    if touched:
        return import_page(actor, get_import(actor, import_id), touched=touched, status=409)
    return to_import(import_id)


@bp.post("/imports/<id:import_id>/leave-out")
@allow(*IMPORTING)
def leave_out(import_id: int) -> Response:
    """Take lines without the value of a field where it is wrong; or refuse them again."""
    name, leave = request.form.get("field", ""), request.form.get("leave") != "no"
    return _do(import_id, lambda actor, row: service.leave_out(actor, row, name, leave=leave))


@bp.post("/imports/<id:import_id>/decide")
@allow(*IMPORTING)
def decide_all(import_id: int) -> Response:
    """The same decision for every line that waits."""
    wanted = request.form.get("decision", "")
    return _do(import_id, lambda actor, row: service.decide_all(actor, row, wanted), show="duplicate")


@bp.get("/imports/<id:import_id>/refused.csv")
@allow(*IMPORTING)
def refused(import_id: int) -> Response:
    """The lines that were not brought in, with the reason, as a file to be mended."""
    actor = current_actor()
    row = get_import(actor, import_id)
    audit.read(
        actor,
        "import.refused_taken",
        subject_type="import",
        subject_id=row.id,
        facility_id=row.facility_id,
    )
    name = f"{row.file_name.rsplit('.', 1)[0]} - {_('not brought in')}.csv"
    response = Response(
        stream_with_context(service.refused_file(row)), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": name})
    response.headers["Cache-Control"] = "no-store"
    return response


def import_page(
    actor: Actor,
    row: Import,
    *,
    status: int = 200,
    error: str | None = None,
    chosen: list[str] | None = None,
    touched: list[Touched] | None = None,
) -> Response:
    """The page of an import, as it stands now."""
    kind = kind_of(row)
    values: dict[str, Any] = {
        "row": row,
        "kind": kind,
        "error": error,
        "touched": touched,
        "labels": {entry.name: str(entry.label) for entry in kind.fields},
    }
    if row.state == ImportState.MAPPING:
        values |= _mapping(row, chosen)
    elif row.state in PREVIEWED and row.cleared_at is None:
        values |= _preview(actor, row)
    elif not row.is_working:
        values["counts"] = counts_of(row.id)
    return page("imports/show.html", "imports/_body.html", status, **values)


def _mapping(row: Import, chosen: list[str] | None) -> dict[str, Any]:
    headings = (row.shape or {}).get("headings", [])
    samples = samples_of(row.id, len(headings))
    remembered = remembered_headings(row.facility_id, row.kind)
    return {
        "columns": [
            {
                "place": place,
                "heading": heading,
                "field": (chosen or row.mapping)[place] if place < len(chosen or row.mapping) else "",
                "samples": _few(samples[place]),
                "remembered": folded(heading) in remembered,
            }
            for place, heading in enumerate(headings)
        ],
    }


def _few(cells: list[str]) -> list[str]:
    """Some different cells of a column, the first that say something."""
    return list(dict.fromkeys(cell for cell in cells if cell))[:SAMPLES_SHOWN]


def _preview(actor: Actor, row: Import) -> dict[str, Any]:
    show = request.args.get("show", "all")
    show = show if show in SHOWS else "all"
    wrong = request.args.get("field") if show == "refused" else None
    wrong = wrong if wrong == LINE or field_of(kind_of(row), wrong or "") else None
    after, before = (_number(request.args.get(name)) for name in ("after", "before"))
    lines = shown_lines(row.id, show, field_name=wrong, after=after or 0, before=before)
    has_more = len(lines) > PER_PAGE
    lines = lines[-PER_PAGE:] if before is not None else lines[:PER_PAGE]
    shown = show_lines(row, kind_of(row), service.context_of(actor, row), lines)
    _write_down(actor, row, shown)
    first, last = (lines[0].number, lines[-1].number) if lines else (0, 0)

    def at(**where: Any) -> str:
        return url_for("imports.show", import_id=row.id, show=show, field=wrong, **where)

    return {
        "counts": counts_of(row.id),
        "lines": shown,
        "show": show,
        "wrong": wrong,
        "previous_url": at(before=first) if lines and (after or (before is not None and has_more)) else None,
        "next_url": at(after=last) if lines and (has_more or before is not None) else None,
    }


def _write_down(actor: Actor, row: Import, shown: list[LineShown]) -> None:
    """Whose records stood beside the lines."""
    ids = sorted(
        {record.id for line in shown for record in (line.other, line.record) if record and record.id}
    )
    if ids and not is_timed_refresh():
        audit.read(
            actor,
            "import.viewed",
            subject_type="import",
            subject_id=row.id,
            facility_id=row.facility_id,
            detail={"kind": row.kind, "ids": ids},
        )


def _do(
    import_id: int, act: Callable[[Actor, Import], Any], *, said: str | None = None, **where: str
) -> Response:
    """Do something with an import, and show it again; why it could not be done is said there."""
    actor = current_actor()
    try:
        with unit_of_work():
            act(actor, lock_import(actor, import_id))
    except DomainError as error:
        if error.status == 404:
            raise
        return import_page(actor, get_import(actor, import_id), error=error.message, status=error.status)
    if said:
        say(said)
    return to_import(import_id, **where)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None
