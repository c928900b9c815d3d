"""The papers of a patient: looked through, and brought in."""

from __future__ import annotations

from functools import partial

from flask import Response, request, url_for

from clinic.core.access import Actor, allow
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, is_fragment, read_id, say
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp, patient_tab
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient
from clinic.records import policy
from clinic.records.forms import UploadForm, upload_form
from clinic.records.models import PaperKind, PaperSource
from clinic.records.queries.papers import papers_of
from clinic.records.receiving import Received, receive
from clinic.records.uploads import MOST_AT_ONCE, MOST_BYTES, TAKEN
from clinic.records.views.blueprint import sent_files, told_to_script
from clinic.records.wording import KINDS, NOT_SHOWN_AT_FIRST, size_words, source_words
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries import get_appointment
from clinic.scheduling.service.papers import attach


@patient_bp.get("/patients/<id:patient_id>/papers")
@allow(*STAFF_OF_PATIENTS)
def papers(patient_id: int) -> Response:
    """Papers, the latest first, and the place where new ones are dropped."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    visit = _visit(actor, patient, request.args.get("visit", ""))
    return _tab(actor, patient, upload_form(visit=visit.reference if visit else ""), visit=visit)


@patient_bp.post("/patients/<id:patient_id>/papers")
@allow(*STAFF_OF_PATIENTS)
@takes_files(MOST_AT_ONCE * MOST_BYTES)
def add_papers(patient_id: int) -> Response:
    """Take in what was chosen or dropped: all at once from a form, one at a time from a script."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    form = UploadForm()
    visit = _visit(actor, patient, form.visit.data or "")
    by_script = request.accept_mimetypes.best == "application/json"
    visit_id = visit.id if visit else None
    received, status = None, 422
    if form.validate():
        try:
            received = receive(
                actor,
                patient,
                sent_files(),
                form.details(),
                source=PaperSource.STAFF,
                also=(lambda added: attach(visit_id, added.papers)) if visit_id else None,
            )
        except DomainError as error:
            form.refuse(error)
            status = error.status
    if by_script:
        return told_to_script(received, form, status)
    if received is not None:
        _tell(received)
    if received is None or received.refused:
        again = get_patient(actor, patient_id)
        return _tab(actor, again, form, visit=visit, received=received, status=status)
    return go_to(url_for("patient_page.papers", patient_id=patient_id))


def _tell(received: Received) -> None:
    """Say on the next page what became of the files."""
    if count := len(received.papers):
        say(ngettext("%(num)s paper is added.", "%(num)s papers are added.", count))
    if count := len(received.known):
        say(
            ngettext(
                "%(num)s file is in the record already, and was not added again.",
                "%(num)s files are in the record already, and were not added again.",
                count,
            ),
            "warn",
        )


def _tab(
    actor: Actor,
    patient: Patient,
    form: UploadForm,
    *,
    visit: Appointment | None = None,
    received: Received | None = None,
    status: int = 200,
) -> Response:
    kind = request.args.get("kind", "")
    before = read_id(request.args.get("before"))
    shown = papers_of(actor, patient.id, kind=kind, before=before)
    return patient_tab(
        actor,
        patient,
        "papers",
        status=status,
        listed=[row.paper.id for row in shown.items],
        shown=shown,
        kind=kind if kind in set(PaperKind) else "",
        begins=before is None,
        kinds=KINDS,
        words_of=dict(KINDS),
        hidden_at_first=" ".join(NOT_SHOWN_AT_FIRST),
        size_words=size_words,
        source_words=source_words,
        can_mark_wrong=partial(policy.can_mark_wrong, actor),
        form=form,
        visit=visit,
        taken=TAKEN,
        most_bytes=MOST_BYTES,
        most=MOST_AT_ONCE,
        refused=received.refused if received else [],
    )


def _visit(actor: Actor, patient: Patient, reference: str) -> Appointment | None:
    """The visit that papers are brought in for, if it is this patient's."""
    if not reference or is_fragment():
        return None
    found = get_appointment(actor, reference[:20])
    if found.patient_id != patient.id:
        raise NotFound(_("There is no such visit."))
    return found
