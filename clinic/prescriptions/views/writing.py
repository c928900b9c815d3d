"""A draft: begun, shown, saved while it is written, changed line by line, signed. One form, one address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, jsonify, make_response, render_template, request, url_for
from markupsafe import Markup

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import CLINICAL, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_time
from clinic.core.limits import limiter
from clinic.core.web import current_actor, go_to, is_fragment, say
from clinic.encounters.views.blueprint import load_note
from clinic.prescriptions import policy, queries, service
from clinic.prescriptions.editor import Tried, editor_of
from clinic.prescriptions.errors import Moved, NotReady, PrescriptionLocked
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.suggesting import suggestions
from clinic.prescriptions.views.acting import Done, act, typed_seen
from clinic.prescriptions.views.blueprint import bp, load_prescription, was_read
from clinic.prescriptions.views.reading import render_signed

NOT_TYPED = frozenset(("version", "page", "turn", "do", "pick"))
"""What a form carries besides what somebody typed."""


@bp.post("/patients/<id:patient_id>/prescriptions")
@allow(Role.PRACTITIONER)
def begin(patient_id: int) -> Response:
    """Begin a prescription for a patient, and go there."""
    actor = current_actor()
    try:
        patient = queries.get_patient_to_prescribe_for(actor, patient_id)
    except NotFound:
        audit.read(
            actor, "prescription.begun", subject_type="patient", subject_id=patient_id, outcome="refused"
        )
        raise
    with unit_of_work():
        made = service.begin(actor, patient, key=request.form.get("key", "")[:64] or None).id
    return go_to(url_for("prescriptions.show", prescription_id=made))


@bp.post("/notes/<id:note_id>/prescription")
@allow(Role.PRACTITIONER)
def begin_in_note(note_id: int) -> Response:
    """Begin the prescription of a note: the panel within the note, or its page without scripts."""
    actor = current_actor()
    note = load_note(actor, note_id)
    with unit_of_work():
        made = service.begin_for_note(actor, note).id
    prescription = queries.get_prescription(actor, made, fresh=True)
    if is_fragment():
        return _editor(prescription, Tried())
    return go_to(url_for("prescriptions.show", prescription_id=made))


@bp.get("/prescriptions/<id:prescription_id>")
@allow(*CLINICAL, Role.ADMIN)
def show(prescription_id: int) -> Response:
    """The draft as a form for its author, a page to read once it is signed."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    was_read(actor, prescription, "prescription.viewed")
    if not policy.can_edit(actor, prescription):
        return render_signed(actor, prescription)
    return _page(prescription, Tried())


@bp.post("/prescriptions/<id:prescription_id>")
@allow(Role.PRACTITIONER)
def edit(prescription_id: int) -> Response:
    """Keep what was typed, then do what the button says; without scripts too.

    Answers the form as it stands, 422 with what is missing, 409 with both texts where another window was
    first.
    """
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    typed, tried, done = _typed(), Tried(), Done()
    try:
        with unit_of_work():
            saved = service.save(actor, prescription, typed, seen=typed_seen())
            done = act(actor, prescription, typed, saved)
    except Moved:
        return _moved(prescription_id, typed)
    except PrescriptionLocked as error:
        say(error.message, "warn")
        return go_to(url_for("prescriptions.show", prescription_id=prescription_id))
    except NotReady as error:
        _keep(prescription_id, typed)
        tried = Tried(problems=error.problems, signing=True)
    except DomainError as error:
        _keep(prescription_id, typed)
        tried = _refused(error, typed)
    if done.go_to:
        say(done.said)
        return go_to(done.go_to)
    prescription = queries.get_prescription(actor, prescription_id, fresh=True)
    if tried.signing or tried.problems or tried.message:
        return _answer(prescription, tried, 422)
    return _answer(prescription, done.tried, 200)


@bp.post("/prescriptions/<id:prescription_id>/draft")
@allow(Role.PRACTITIONER)
@limiter.exempt
def draft(prescription_id: int) -> Response:
    """Save while somebody writes: JSON with the new version, the time, and each line as it is understood."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    typed = _typed()
    try:
        with unit_of_work():
            saved = service.save(actor, prescription, typed, seen=typed_seen())
    except (Moved, PrescriptionLocked):
        return _moved(prescription_id, typed)
    prescription = queries.get_prescription(actor, prescription_id, fresh=True)
    view = editor_of(actor, prescription)
    return jsonify(
        version=saved.version,
        saved_at=show_time(prescription.saved_at, prescription.facility.zone),
        lines={
            line.id: {
                "said": render_template("prescriptions/_line_said.html", line=line),
                "reckoned": line.reckoned,
            }
            for line in view.lines
        },
        foot=render_template("prescriptions/_foot.html", view=view),
    )


@bp.get("/prescriptions/<id:prescription_id>/medicines")
@allow(Role.PRACTITIONER)
def medicines(prescription_id: int) -> Response:
    """What the typed letters may become."""
    actor = current_actor()
    load_prescription(actor, prescription_id)
    typed = request.args.get("new-name", "")[:200]
    found = suggestions(actor, typed)
    return make_response(render_template("prescriptions/_found.html", found=found, typed=typed))


@bp.post("/prescriptions/<id:prescription_id>/discard")
@allow(Role.PRACTITIONER)
def discard(prescription_id: int) -> Response:
    """Put a draft aside, and go back to where it came from."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    note_id, patient_id = prescription.note_id, prescription.patient_id
    try:
        with unit_of_work():
            service.discard(actor, prescription)
    except Conflict as error:
        say(error.message, "warn")
        return go_to(url_for("prescriptions.show", prescription_id=prescription_id))
    say(_("The draft is discarded."))
    if note_id:
        return go_to(url_for("encounters.show", note_id=note_id))
    return go_to(url_for("patient_page.prescriptions", patient_id=patient_id))


def _typed() -> dict[str, str]:
    return {name: value for name, value in request.form.items() if name != "csrf_token"}


def _keep(prescription_id: int, typed: dict[str, str]) -> None:
    """What was typed stays even where the button was refused: its own unit of work, after the other's end."""
    actor = current_actor()
    try:
        with unit_of_work():
            prescription = queries.get_prescription(actor, prescription_id, fresh=True)
            service.save(actor, prescription, typed, seen=typed_seen())
    except DomainError:
        return


def _refused(error: DomainError, typed: dict[str, str]) -> Tried:
    reasons = {name: value for name, value in typed.items() if name.startswith("reason-")}
    tried = Tried(typed_name=typed.get("new-name", ""), set_name=typed.get("set-name", ""), reasons=reasons)
    if error.field:
        return replace(tried, problems={error.field: error.message})
    return replace(tried, message=error.message)


def _moved(prescription_id: int, typed: dict[str, str]) -> Response:
    """Both texts: what is saved, and what was typed here, which nobody has lost."""
    actor = current_actor()
    prescription = queries.get_prescription(actor, prescription_id, fresh=True)
    place = "rx-editor" if is_fragment() else "rx-moved"
    if prescription.status != "draft":
        html = render_template("prescriptions/_signed_meanwhile.html", prescription=prescription, place=place)
        return _conflict(html, prescription)
    view = editor_of(actor, prescription)
    html = render_template(
        "prescriptions/_moved.html",
        view=view,
        prescription=prescription,
        differing=differences(view, typed),
        typed={name: value for name, value in typed.items() if name not in NOT_TYPED},
        place=place,
    )
    return _conflict(html, prescription)


def _conflict(html: str, prescription: Prescription) -> Response:
    """The words for a window that came second: the fragment for scripts, a page without."""
    if is_fragment() or request.headers.get("X-Requested-With") == "autosave":
        return make_response(html, 409)
    shown = Markup(html)  # noqa: S704 (rendered above)
    page = render_template("prescriptions/moved.html", fragment=shown, prescription=prescription)
    return make_response(page, 409)


def differences(view: Any, typed: dict[str, str]) -> list[tuple[str, str, str]]:
    """What was typed otherwise than it is saved: whose, mine, theirs."""
    found = []
    for line in view.lines:
        for name, saved in line.texts.items():
            mine = typed.get(f"line-{line.id}-{name}")
            if mine is not None and mine.strip() != saved.strip() and name != "no_substitution":
                found.append((line.read.name, mine, saved))
    for name, label in (
        ("advice", _("Advice")),
        ("pathya", _("To keep (pathya)")),
        ("apathya", _("To avoid (apathya)")),
        ("tests", _("Tests")),
    ):
        saved = getattr(view.prescription, name)
        mine = typed.get(name)
        if mine is not None and mine.replace("\r\n", "\n").strip() != saved.strip():
            found.append((label, mine, saved))
    return found


def _answer(prescription: Prescription, tried: Tried, status: int) -> Response:
    if is_fragment():
        return _editor(prescription, tried, status)
    if status == 200:
        anchor = f"line-{tried.focus}" if tried.focus else None
        if tried.removed is None:
            return go_to(url_for("prescriptions.show", prescription_id=prescription.id, _anchor=anchor))
    return _page(prescription, tried, status)


def _editor(prescription: Prescription, tried: Tried, status: int = 200) -> Response:
    view = editor_of(current_actor(), prescription, tried)
    return make_response(
        render_template("prescriptions/_editor.html", view=view, prescription=prescription), status
    )


def _page(prescription: Prescription, tried: Tried, status: int = 200) -> Response:
    view = editor_of(current_actor(), prescription, tried)
    return make_response(
        render_template(
            "prescriptions/edit.html",
            view=view,
            prescription=prescription,
            today=clock.today(prescription.facility.zone),
        ),
        status,
    )
