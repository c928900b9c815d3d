"""The audit as administrators read it: who did what, when and from where; never what a record says."""

from __future__ import annotations

from flask import Blueprint, Response, request

from clinic.audit import queries, service
from clinic.core.access import Role, allow
from clinic.core.paging import read_page
from clinic.core.web import current_actor, page

bp = Blueprint("audit", __name__)


@bp.get("/audit")
@allow(Role.ADMIN)
def index() -> Response:
    """What was done, the newest first; ``by`` is the id of one person."""
    text = request.args.get("by", "")
    by = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    wanted = read_page(request.args.get("page"), default_limit=50)
    service.read(
        current_actor(), "audit.listed", subject_type="audit", detail={"by": by, "page": wanted.page}
    )
    return page("audit/index.html", found=queries.event_page(wanted, actor_id=by), by=by)


blueprints = (bp,)
