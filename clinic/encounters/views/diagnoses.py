"""The diagnoses of a draft: found while somebody types, added with Enter, weighed, ordered, removed."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, fragment, go_to, is_fragment, page, read_id, say
from clinic.encounters import service
from clinic.encounters.coding import SYSTEM_NAMES, code_id_of, suggestions
from clinic.encounters.diagnoses_panel import TEMPLATE, Tried, panel_alone
from clinic.encounters.models import Diagnosis, Note
from clinic.encounters.views.blueprint import bp, load_note


@bp.get("/notes/<id:note_id>/diagnoses/find")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def find_diagnosis(note_id: int) -> Response:
    """What the typed letters may become: a list under the field, or a page of its own without scripts."""
    note = load_note(current_actor(), note_id)
    typed = request.args.get("text", "")
    return page(
        "encounters/find_diagnosis.html",
        "encounters/_diagnosis_found.html",
        note=note,
        typed=typed,
        found=suggestions(current_actor(), note.facility_id, typed),
        systems=SYSTEM_NAMES,
    )


@bp.post("/notes/<id:note_id>/diagnoses")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def add_diagnosis(note_id: int) -> Response:
    """Add what was typed, or the suggestion that was chosen: ``code`` is its id, ``words`` used before."""
    actor = current_actor()
    note = load_note(actor, note_id)
    code_id = read_id(request.form.get("code"))
    typed = request.form.get("words") or request.form.get("text", "")
    text = "" if code_id is not None and "keep_text" not in request.form else typed
    try:
        with unit_of_work():
            row = service.add_diagnosis(
                actor, note, text, code_id=code_id, status=request.form.get("status", "provisional")
            )
            said = _("%(diagnosis)s added.", diagnosis=row.text)
    except service.NoteLocked:
        raise
    except (Invalid, Conflict) as error:
        return _shown(note_id, Tried(text=typed, problem=error.message), status=422)
    return _shown(note_id, Tried(said=said))


@bp.post("/notes/<id:note_id>/diagnoses/<id:diagnosis_id>/status")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def weigh_diagnosis(note_id: int, diagnosis_id: int) -> Response:
    """Make it provisional or final."""
    status = request.form.get("status", "")
    return _change(note_id, lambda note: service.weigh_diagnosis(current_actor(), note, diagnosis_id, status))


@bp.post("/notes/<id:note_id>/diagnoses/<id:diagnosis_id>/primary")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def make_primary(note_id: int, diagnosis_id: int) -> Response:
    """Make it the main one."""
    return _change(note_id, lambda note: service.make_primary(current_actor(), note, diagnosis_id))


@bp.post("/notes/<id:note_id>/diagnoses/<id:diagnosis_id>/move")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def move_diagnosis(note_id: int, diagnosis_id: int) -> Response:
    """Move it one place up or down."""
    step = 1 if request.form.get("to") == "down" else -1
    return _change(note_id, lambda note: service.move_diagnosis(current_actor(), note, diagnosis_id, step))


@bp.post("/notes/<id:note_id>/diagnoses/<id:diagnosis_id>/remove")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def remove_diagnosis(note_id: int, diagnosis_id: int) -> Response:
    """Take it out; the panel offers to put it back."""
    note = load_note(current_actor(), note_id)
    with unit_of_work():
        row = service.remove_diagnosis(current_actor(), note, diagnosis_id)
        was = Diagnosis(text=row.text, system=row.system, code=row.code, status=row.status)
    return _shown(note_id, Tried(removed=was, removed_code_id=code_id_of(was.system, was.code)))


def _change(note_id: int, change: Callable[[Note], object]) -> Response:
    note = load_note(current_actor(), note_id)
    try:
        with unit_of_work():
            change(note)
    except Invalid as error:
        return _shown(note_id, Tried(problem=error.message), status=422)
    return _shown(note_id, Tried())


def _shown(note_id: int, tried: Tried, status: int = 200) -> Response:
    """The panel as it stands; without scripts the note's page, with what happened at its top."""
    if not is_fragment():
        if tried.problem:
            say(tried.problem, "warn")
        elif tried.removed is not None:
            say(_("%(diagnosis)s removed.", diagnosis=tried.removed.text))
        return go_to(url_for("encounters.show", note_id=note_id, _anchor="panel-diagnoses"))
    note = load_note(current_actor(), note_id)
    return fragment(TEMPLATE, status, note=note, panel=panel_alone(note, tried))
