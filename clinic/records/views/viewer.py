"""One paper as staff see it: its pages, what is said of it, and what is done with it."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.core.access import CLINICAL, FRONT_DESK, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, page, say
from clinic.records import policy
from clinic.records.forms import ChangeForm, change_form
from clinic.records.models import Paper
from clinic.records.queries.papers import neighbours
from clinic.records.service import changing
from clinic.records.views.blueprint import bp, load_named, load_paper, write_read
from clinic.records.views.serving import SHOWN_PAGES
from clinic.records.wording import kind_word, size_words, source_words


@bp.get("/papers/<id:paper_id>")
@bp.get("/papers/<id:paper_id>/change", endpoint="change_again")
@bp.get("/papers/<id:paper_id>/remove", endpoint="remove_again")
@allow(*CLINICAL, Role.ADMIN)
def show(paper_id: int) -> Response:
    """The paper. Also where a refused form was sent to, so that reloading that page shows it."""
    actor = current_actor()
    paper = load_paper(actor, paper_id)
    answer = _page(paper, change_form(paper))
    write_read(actor, paper, "viewed")
    return answer


@bp.post("/papers/<id:paper_id>/change")
@allow(Role.PRACTITIONER)
def change(paper_id: int) -> Response:
    """Change what is said of it."""
    actor = current_actor()
    form = ChangeForm()
    paper = load_paper(actor, paper_id)
    if not form.validate():
        return _page(paper, form, status=422)
    try:
        with unit_of_work():
            changing.change(
                actor, load_paper(actor, paper_id, for_change=True), form.said(), version=form.typed_version()
            )
    except DomainError as error:
        form.refuse(error)
        if isinstance(error, Conflict):
            form.version.data = form.version.raw_data = None
        fresh = load_paper(actor, paper_id)
        form.version.data = str(fresh.version)
        return _page(fresh, form, status=error.status)
    say(_("Changed."))
    return go_to(url_for("records.show", paper_id=paper_id))


@bp.post("/papers/<id:paper_id>/verify")
@allow(Role.PRACTITIONER)
def verify(paper_id: int) -> Response:
    """Say that it is what it says."""
    actor = current_actor()
    with unit_of_work():
        changing.verify(actor, load_paper(actor, paper_id, for_change=True))
    say(_("Verified."))
    return go_to(url_for("records.show", paper_id=paper_id))


@bp.post("/papers/<id:paper_id>/remove")
@allow(*CLINICAL, *FRONT_DESK)
def remove(paper_id: int) -> Response:
    """Mark it as entered in error."""
    actor = current_actor()
    paper = load_named(actor, paper_id)
    patient_id = paper.patient_id
    try:
        with unit_of_work():
            changing.mark_wrong(actor, load_named(actor, paper_id), request.form.get("why", ""))
    except DomainError as error:
        if not actor.has(*CLINICAL):
            say(error.message, "danger")
            return go_to(url_for("patient_page.papers", patient_id=patient_id))
        paper = load_paper(actor, paper_id)
        return _page(paper, change_form(paper), wrong=error.message, status=error.status)
    say(_("Marked as entered in error."))
    return go_to(url_for("patient_page.papers", patient_id=patient_id))


def _page(paper: Paper, form: ChangeForm, *, wrong: str = "", status: int = 200) -> Response:
    actor = current_actor()
    return page(
        "records/paper.html",
        status=status,
        paper=paper,
        patient=paper.patient,
        zone=paper.patient.facility.zone,
        beside=neighbours(actor, paper),
        kind_word=kind_word(paper.kind),
        size_words=size_words(paper.size),
        source_words=source_words(paper.source),
        shown_pages=min(paper.pages or 1, SHOWN_PAGES),
        can_change=policy.can_change(actor, paper),
        can_mark_wrong=policy.can_mark_wrong(actor, paper),
        form=form,
        wrong=wrong,
        why=one_line(request.form.get("why", ""))[:300],
    )
