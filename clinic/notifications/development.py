"""What would have been sent. These pages exist in development and tests only."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response

from clinic.core.access import allow
from clinic.core.web import page
from clinic.notifications.queries import console_messages, label_of

bp = Blueprint("console_messages", __name__, url_prefix="/dev")


@bp.get("/messages")
@allow(everybody=True)
def index() -> Response:
    """The messages the console shows instead of sending them, the newest first; it refreshes itself."""
    shown = [(row, label_of(row.kind)) for row in console_messages()]
    return page("notifications/console.html", "notifications/_console.html", shown=shown)


@bp.get("/messages.json")
@allow(everybody=True)
def as_json() -> Response:
    """The same for programs."""
    rows = [
        {
            "id": row.id,
            "message_id": row.message_id,
            "kind": row.kind,
            "channel": row.channel,
            "to": row.address,
            "subject": row.subject,
            "text": row.body,
            "at": row.at.isoformat(),
        }
        for row in console_messages()
    ]
    return make_response(jsonify(rows))


blueprints: tuple[Blueprint, ...] = (bp,)
