"""The blueprint, and how a file is sent: never kept by a browser, never opened in its own window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, Response, current_app, g, request, stream_with_context, url_for
from werkzeug.http import dump_options_header

from clinic.exports.policy import Listing, can_take

bp = Blueprint("exports", __name__)


@bp.app_template_global("bring_in_url")
def bring_in_url() -> str | None:
    """Where lists are brought in; None where this clinic has no such page."""
    return url_for("imports.index") if "imports.index" in current_app.view_functions else None


@bp.app_template_global("take_out_url")
def take_out_url(name: str | None = None) -> str | None:
    """Where the list called ``name`` (or any) is taken out; None for who may not take it."""
    actor = g.get("actor")
    wanted = list(Listing) if name is None else [Listing(name)]
    if actor is None or not any(can_take(actor, listing) for listing in wanted):
        return None
    return url_for("exports.index", _anchor=name)


def still_alive() -> None:
    """Tell the server that a long download gets on; it ends a worker it has not heard of for a while."""
    beat = current_app.extensions.get("heartbeat")
    if beat is not None:
        beat()


def send(chunks: Iterable[bytes], name: str, mimetype: str) -> Response:
    """Send a file piece by piece under this name; asked only for its head, none of it."""

    def pieces() -> Iterator[bytes]:
        for chunk in chunks:
            still_alive()
            yield chunk

    body: Any = b"" if request.method == "HEAD" else stream_with_context(pieces())
    response = Response(body, content_type=mimetype)
    headers: dict[str, Any] = {
        "Content-Disposition": dump_options_header("attachment", {"filename": name}),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    response.headers.update(headers)
    return response
