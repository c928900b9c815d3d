"""Files that a patient sends along with a booking: chosen in its form, kept until it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request

from clinic.core.access import Role, allow
from clinic.core.text import one_line
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, read_id
from clinic.portal.views.blueprint import bp
from clinic.records import choosing
from clinic.records.models import PendingUpload
from clinic.records.service.pending import kept
from clinic.records.uploads import MOST_BYTES, MOST_ON_A_BOOKING, TAKEN_ON_A_BOOKING
from clinic.records.views.blueprint import sent_files
from clinic.records.wording import BOOKING_KINDS


@dataclass(frozen=True, kw_only=True)
class ChosenPapers:
    """What was chosen so far, and what was refused just now. ``is_all``: the form was sent only for these."""

    papers: list[PendingUpload]
    refused: list[tuple[str, str]]
    kind: str = ""
    is_all: bool = False

    def shown(self) -> dict[str, Any]:
        """What the piece of the page wants."""
        return {
            "papers": self.papers,
            "papers_refused": self.refused,
            "papers_kind": self.kind,
            "paper_kinds": BOOKING_KINDS,
            "papers_accept": TAKEN_ON_A_BOOKING,
            "most_papers": MOST_ON_A_BOOKING,
        }


def chosen_papers(form_key: str) -> ChosenPapers:
    """Keep the files that the request brought, take away the one it names, and say what is chosen now.

    It asks the database only where a file was chosen, or the address or the form says that one is.
    """
    actor, refused = current_actor(), []
    kind = request.form.get("papers_kind", "")[:40]
    sent = sent_files("paper_files")
    dropped = read_id(request.form.get("drop_paper"))
    if sent:
        refused = choosing.choose(actor, form_key, sent, kind)
    if dropped:
        choosing.let_go(actor, form_key, dropped)
    asked = bool(sent or dropped or request.form.get("papers") or request.args.get("form"))
    return ChosenPapers(
        papers=kept(actor, form_key) if asked else [],
        refused=refused,
        kind=kind,
        is_all=bool(refused or dropped),
    )


@bp.post("/book/papers")
@allow(Role.PATIENT)
@takes_files(MOST_ON_A_BOOKING * MOST_BYTES)
def choose_papers() -> Response:
    """Keep files as they are chosen; the piece of the form that shows them."""
    form_key = one_line(request.form.get("submission_key", ""))[:64]
    chosen = chosen_papers(form_key)
    html = render_template("records/_pending.html", **chosen.shown())
    return make_response(html, 422 if chosen.refused else 200)
