"""A signed prescription: read, printed, stopped, shared, written anew."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from clinic.core.access import CLINICAL, Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import LOCALES, locale_tag
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, say
from clinic.prescriptions import policy, queries, service
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.sheets import paper_of, sheet_of
from clinic.prescriptions.views.blueprint import bp, load_prescription, was_read


@bp.get("/prescriptions/<id:prescription_id>/pdf")
@allow(*CLINICAL, Role.ADMIN)
def pdf(prescription_id: int) -> Response:
    """The paper, in the language of the patient's copy or the one asked for."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id, "prescription.printed")
    was_read(actor, prescription, "prescription.printed")
    asked = request.args.get("locale", "")
    return send_pdf(prescription, asked if asked in LOCALES else prescription.locale)


@bp.post("/prescriptions/<id:prescription_id>/stop")
@allow(Role.PRACTITIONER)
def stop(prescription_id: int) -> Response:
    """Stop all of it, with a reason."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    reason = request.form.get("reason", "")
    return _carry_out(
        actor, prescription, lambda: service.stop(actor, prescription, reason), _("Stopped."), "stop"
    )


@bp.post("/prescriptions/<id:prescription_id>/lines/<id:line_id>/stop")
@allow(Role.PRACTITIONER)
def stop_line(prescription_id: int, line_id: int) -> Response:
    """Stop one medicine, with a reason."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    reason = request.form.get("reason", "")
    return _carry_out(
        actor,
        prescription,
        lambda: service.stop_line(actor, prescription, line_id, reason),
        _("Stopped."),
        f"stop-{line_id}",
    )


@bp.post("/prescriptions/<id:prescription_id>/share")
@allow(Role.PRACTITIONER)
def share(prescription_id: int) -> Response:
    """Show it to the patient, or no longer."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    shared = request.form.get("shared") == "y"
    said = _("The patient can see it now.") if shared else _("The patient no longer sees it.")
    return _carry_out(
        actor, prescription, lambda: service.share(actor, prescription, shared=shared), said, "share"
    )


@bp.post("/prescriptions/<id:prescription_id>/repeat")
@allow(Role.PRACTITIONER)
def repeat(prescription_id: int) -> Response:
    """Write the same again as a new draft, or a new version that will take its place."""
    actor = current_actor()
    prescription = load_prescription(actor, prescription_id)
    replace = request.form.get("replace") == "y"
    queries.get_patient_to_prescribe_for(actor, prescription.patient_id)
    try:
        with unit_of_work():
            key = request.form.get("key", "")[:64] or None
            made = service.repeat(actor, prescription, key=key, replace=replace).id
    except DomainError as error:
        say(error.message, "warn")
        return go_to(url_for("prescriptions.show", prescription_id=prescription_id))
    return go_to(url_for("prescriptions.show", prescription_id=made))


def send_pdf(prescription: Prescription, locale: str) -> Response:
    """The paper as a file; its name says which prescription, not whose."""
    from clinic.prescriptions.pdf import prescription_pdf  # with fpdf, a tenth of the application's start

    made_at = prescription.signed_at or prescription.saved_at
    answer = make_response(prescription_pdf(sheet_of(prescription, locale), made_at=made_at))
    name = f"prescription-{prescription.reference}.pdf"
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def render_signed(actor: Actor, prescription: Prescription, status: int = 200, **more: Any) -> Response:
    """The signed prescription as a page."""
    paper = paper_of(prescription, locale_tag())
    html = render_template(
        "prescriptions/show.html",
        prescription=prescription,
        sheet=paper.sheet,
        lines=paper.lines,
        acceptances=paper.acceptances,
        newer=queries.superseded_by(actor, prescription.id) if prescription.status == "superseded" else None,
        can_end=policy.can_end(actor, prescription),
        can_share=policy.is_author(actor, prescription),
        repeat_key=secrets.token_hex(8),
        can_prescribe=policy.can_prescribe(actor),
        **more,
    )
    return make_response(html, status)


def _carry_out(actor: Actor, prescription: Prescription, work: Any, said: str, where: str) -> Response:
    prescription_id = prescription.id
    try:
        with unit_of_work():
            work()
    except Invalid as error:
        fresh = queries.get_prescription(actor, prescription_id, fresh=True)
        typed = request.form.get("reason", "")
        return render_signed(actor, fresh, 422, refused={where: error.message}, typed=typed)
    except DomainError as error:
        if error.status == 404:
            raise
        say(error.message, "warn")
    else:
        say(said)
    return go_to(url_for("prescriptions.show", prescription_id=prescription_id))
