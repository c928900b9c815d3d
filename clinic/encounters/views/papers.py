"""The papers of a draft: attached from the record, brought in new, taken off again."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, fragment, go_to, is_fragment, read_id, say
from clinic.encounters.models import Note
from clinic.encounters.papers_panel import TEMPLATE, TriedPapers, panel_alone
from clinic.encounters.service.papers import attach_papers, detach_paper
from clinic.encounters.views.blueprint import bp, load_note
from clinic.records.models import PaperKind, PaperSource
from clinic.records.queries.papers import papers_by_id
from clinic.records.receiving import receive
from clinic.records.service import Details
from clinic.records.uploads import MOST_AT_ONCE, MOST_BYTES
from clinic.records.views.blueprint import sent_files


@bp.post("/notes/<id:note_id>/papers")
@allow(Role.PRACTITIONER, Role.THERAPIST)
@takes_files(MOST_AT_ONCE * MOST_BYTES)
def attach_paper(note_id: int) -> Response:
    """Attach a paper of the record, or bring new files into the record and attach them."""
    actor = current_actor()
    note = load_note(actor, note_id)
    try:
        tried = _upload(note) if sent_files() else _attach(note)
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        return _shown(note_id, TriedPapers(problem=error.message, is_open=True), error.status)
    return _shown(note_id, tried, 422 if tried.refused or tried.problem else 200)


@bp.post("/notes/<id:note_id>/papers/<id:paper_id>/detach")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def detach(note_id: int, paper_id: int) -> Response:
    """Take a paper off the note."""
    actor = current_actor()
    note = load_note(actor, note_id)
    try:
        with unit_of_work():
            detach_paper(actor, note, paper_id)
    except DomainError as error:
        return _shown(note_id, TriedPapers(problem=error.message, is_open=True), error.status)
    return _shown(note_id, TriedPapers(is_open=True))


def _attach(note: Note) -> TriedPapers:
    actor = current_actor()
    wanted = read_id(request.form.get("paper"))
    found = papers_by_id(actor, note.patient_id, [wanted] if wanted else [])
    if not found:
        return TriedPapers(problem=_("Choose a paper, or a file."), is_open=True)
    with unit_of_work():
        attach_papers(actor, note, found)
    return TriedPapers(is_open=True)


def _upload(note: Note) -> TriedPapers:
    actor = current_actor()
    kind = request.form.get("kind", "")
    received = receive(
        actor,
        note.patient,
        sent_files(),
        Details(kind=kind if kind in set(PaperKind) else PaperKind.OTHER),
        source=PaperSource.STAFF,
        also=lambda added: attach_papers(actor, note, [*added.papers, *added.known]),
    )
    return TriedPapers(refused=tuple(received.refused), is_open=True)


def _shown(note_id: int, tried: TriedPapers, status: int = 200) -> Response:
    """The panel as it stands; without scripts the note's page, with what happened at its top."""
    actor = current_actor()
    if not is_fragment():
        for name, why in tried.refused:
            say(f"{name}: {why}", "danger")
        if tried.problem:
            say(tried.problem, "warn")
        return go_to(url_for("encounters.show", note_id=note_id, _anchor="panel-papers"))
    note = load_note(actor, note_id)
    return fragment(TEMPLATE, status, note=note, panel=panel_alone(actor, note, tried))
