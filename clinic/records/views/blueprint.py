"""The blueprint, and loading for it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify, make_response, request
from werkzeug.datastructures import FileStorage

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.forms import Form
from clinic.core.i18n import gettext as _
from clinic.patients.models import Patient
from clinic.records.models import Paper
from clinic.records.queries.papers import get_named, get_paper
from clinic.records.receiving import Received, Sent

bp = Blueprint("records", __name__)


def load_paper(actor: Actor, paper_id: int, *, for_change: bool = False) -> Paper:
    """The paper, or NotFound with an audit row: one that is not there and one that is not theirs look the
    same.
    """
    try:
        return get_paper(actor, paper_id, for_change=for_change)
    except NotFound:
        refused(actor, paper_id)
        raise


def load_named(actor: Actor, paper_id: int) -> Paper:
    """The same for a paper of which somebody may know the name only."""
    try:
        return get_named(actor, paper_id)
    except NotFound:
        refused(actor, paper_id)
        raise


def refused(actor: Actor, paper_id: int) -> None:
    """Write down that somebody asked for a paper that is not theirs."""
    audit.read(actor, "paper.viewed", subject_type="paper", subject_id=paper_id, outcome="refused")


def write_read(actor: Actor, paper: Paper, verb: str) -> None:
    """The row that a paper was read."""
    audit.read(
        actor,
        f"paper.{verb}",
        subject_type="paper",
        subject_id=paper.id,
        patient_id=paper.patient_id,
        facility_id=paper.facility_id,
    )


def write_listed(actor: Actor, patient: Patient, paper_ids: Sequence[int]) -> None:
    """The row that the papers of a patient were looked through; their small pictures belong to it."""
    audit.read(
        actor,
        "paper.listed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"ids": list(paper_ids)},
    )


def sent_files(field: str = "files") -> list[Sent]:
    """The files of the form at hand; an empty choice is none."""
    return [_sent(one) for one in request.files.getlist(field) if one.filename or one.content_length]


def told_to_script(received: Received | None, form: Form, status: int) -> Response:
    """What became of the one file that a script sent, as JSON; without ``received``, what is wrong in the
    form, with ``status``.
    """
    if received is None:
        wrong = [*form.form_errors, *(text for texts in form.errors.values() for text in texts)]
        return make_response(jsonify(state="refused", text=str(wrong[0])), status)
    if received.refused:
        return make_response(jsonify(state="refused", text=received.refused[0][1]), 422)
    if received.papers:
        return make_response(jsonify(state="added", text=_("Added")))
    return make_response(jsonify(state="known", text=_("In the record already")))


def _sent(one: FileStorage) -> Sent:
    return Sent(one.filename or "", one.stream.read)
