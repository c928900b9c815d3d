"""Papers of a member of the household: what the clinic shows, and what the household brings."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import Household, household
from clinic.records import keeping, policy
from clinic.records.forms import UploadForm, upload_form
from clinic.records.models import PaperSource
from clinic.records.queries.papers import neighbours, papers_of
from clinic.records.receiving import Received, receive
from clinic.records.service import changing
from clinic.records.uploads import MOST_AT_ONCE, MOST_BYTES, TAKEN
from clinic.records.views.blueprint import load_paper, sent_files, told_to_script, write_listed, write_read
from clinic.records.views.serving import SHOWN_PAGES
from clinic.records.wording import KINDS, kind_word, size_words, source_words

PAGE = 12


@bp.get("/papers")
@allow(Role.PATIENT)
def papers() -> Response:
    """The list, the latest first, and the way to add to it."""
    family = household()
    return _list(family, upload_form())


@bp.post("/papers")
@allow(Role.PATIENT)
@takes_files(MOST_AT_ONCE * MOST_BYTES)
def add_papers() -> Response:
    """Take in photos and files: all at once from a form, one at a time from a script."""
    family = household()
    asked = read_id(request.form.get("patient"))
    patient = family.member(asked) if asked else family.chosen
    family = family.showing(patient)
    form = UploadForm()
    by_script = request.accept_mimetypes.best == "application/json"
    received = None
    status = 422
    if form.validate():
        try:
            received = receive(
                current_actor(), patient, sent_files(), form.details(shared=True), source=PaperSource.PATIENT
            )
        except DomainError as error:
            form.refuse(error)
            status = error.status
    if by_script:
        return told_to_script(received, form, status)
    if received is None or received.refused:
        return _list(household().showing(patient), form, received=received, status=status)
    _tell(received)
    return go_to(url_for("portal.papers"))


@bp.get("/papers/<id:paper_id>")
@allow(Role.PATIENT)
def paper(paper_id: int) -> Response:
    """One paper, its pages as pictures."""
    actor = current_actor()
    found = load_paper(actor, paper_id)
    family = household()
    patient = family.member(found.patient_id)
    beside = neighbours(actor, found)
    answer = page(
        "portal/paper.html",
        family=family.showing(patient),
        patient=patient,
        paper=found,
        beside=beside,
        zone=patient.facility.zone,
        kind_word=kind_word(found.kind),
        size_words=size_words(found.size),
        source_words=source_words(found.source),
        shown_pages=min(found.pages or 1, SHOWN_PAGES),
        can_take_back=policy.can_take_back(actor, found),
    )
    write_read(actor, found, "viewed")
    return answer


@bp.post("/papers/<id:paper_id>/take-back")
@allow(Role.PATIENT)
def take_back_paper(paper_id: int) -> Response:
    """Take one's own new paper out again, for good."""
    actor = current_actor()
    try:
        with unit_of_work():
            stem = changing.take_back(actor, load_paper(actor, paper_id, for_change=True))
    except DomainError as error:
        if error.status == 404:
            raise
        say(error.message, "danger")
        return go_to(url_for("portal.paper", paper_id=paper_id))
    keeping.forget([stem])
    say(_("Taken back. The clinic does not have it any more."))
    return go_to(url_for("portal.papers"))


def _list(
    family: Household, form: UploadForm, *, received: Received | None = None, status: int = 200
) -> Response:
    before = read_id(request.args.get("before"))
    shown = papers_of(current_actor(), family.chosen.id, before=before, limit=PAGE)
    answer = page(
        "portal/papers.html",
        status=status,
        family=family,
        patient=family.chosen,
        zone=family.chosen.facility.zone,
        shown=shown,
        begins=before is None,
        words_of=dict(KINDS),
        source_words=source_words,
        form=form,
        taken=TAKEN,
        most=MOST_AT_ONCE,
        most_bytes=MOST_BYTES,
        refused=received.refused if received else [],
    )
    write_listed(current_actor(), family.chosen, [listed.paper.id for listed in shown.items])
    return answer


def _tell(received: Received) -> None:
    if count := len(received.papers):
        say(ngettext("%(num)s paper is with the clinic.", "%(num)s papers are with the clinic.", count))
    if received.known:
        say(_("The clinic has this file already."), "warn")
