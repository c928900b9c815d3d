"""The gate before every view: a route without a policy does not exist, nobody passes another's."""

from __future__ import annotations

import structlog
from flask import Flask, Response, abort, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from clinic.core.access import policy_of
from clinic.core.web import is_fragment, page_here

log = structlog.get_logger(__name__)


def init_gate(app: Flask, *, staff_sign_in: str, patient_sign_in: str) -> None:
    """Check each request against its route's policy. Register it after what sets ``g.actor`` and
    ``g.person``.

    ``g.actor`` goes on with no more roles than the page is for, so that what somebody is in one clinic opens
    nothing in another; ``g.person`` keeps them all, for what leads to other pages.
    """

    @app.before_request
    def pass_or_turn_away() -> BaseResponse | None:
        if request.url_rule is None or request.endpoint in (None, "static"):
            return None
        if request.method == "HEAD":
            request.method = "GET"  # views tell reading from sending by it; only the answer's body differs
        policy = policy_of(app.view_functions[str(request.endpoint)])
        if policy is None:
            log.error("route_without_policy", route=request.url_rule.rule)
            abort(404)
        actor = g.get("actor")
        if policy.admits(actor):
            if actor is not None and not policy.anonymous:
                g.actor = actor.acting_as(policy.roles)
            return None
        if actor is not None:
            abort(403)
        return _to_sign_in(patient_sign_in if policy.for_patients_only else staff_sign_in)


def _to_sign_in(endpoint: str) -> BaseResponse:  # noqa: RET503 - abort raises
    """Ask for a sign-in, and come back to the same page after it; a form that was sent is answered 401."""
    if is_fragment():
        answer: Response = make_response("", 401)
        answer.headers["HX-Redirect"] = url_for(endpoint, next=page_here())
        return answer
    if request.method in ("GET", "HEAD"):
        wanted = request.full_path.rstrip("?")
        return redirect(url_for(endpoint, next=wanted if wanted != "/" else None), 303)
    abort(401)
