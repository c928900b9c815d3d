"""What message services report. Nothing is believed without their signature."""

from __future__ import annotations

import re

from flask import Blueprint, Response, current_app, make_response, request
from twilio.request_validator import RequestValidator

from clinic.config import Settings
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.web import read_id
from clinic.notifications import inbound, service
from clinic.notifications.models import Status
from clinic.notifications.transports.twilio_sms import NEVER
from clinic.notifications.wording import Why

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
_MEANS = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.FAILED,
    "failed": Status.FAILED,
}
"""Twilio's words; those left out, such as ``queued`` and ``sending``, decide nothing yet."""


@bp.post("/twilio/status")
@allow(everybody=True)
def twilio_status() -> Response:
    """Twilio tells what became of a text message, possibly twice and in any order."""
    settings: Settings = current_app.extensions["settings"]
    if not _signed(settings):
        return make_response("", 403)
    status = _MEANS.get(request.form.get("MessageStatus", ""))
    message_id, attempt = (read_id(request.args.get(name)) for name in ("message", "attempt"))
    if status is not None and message_id is not None and attempt is not None:
        with unit_of_work():
            service.settle(
                message_id,
                attempt=attempt,
                status=status,
                provider_id=request.form.get("MessageSid", "")[:64],
                why=_why(request.form.get("ErrorCode")) if status is Status.FAILED else None,
            )
    return make_response("", 204)


@bp.post("/twilio/inbound")
@allow(everybody=True)
def twilio_inbound() -> Response:
    """Somebody wrote to the clinic's number; Twilio may say so more than once."""
    settings: Settings = current_app.extensions["settings"]
    if not _signed(settings):
        return make_response("", 403)
    mobile, sid = request.form.get("From", ""), request.form.get("MessageSid", "")
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", mobile) and re.fullmatch(r"[A-Za-z0-9]{1,64}", sid):
        with unit_of_work():
            inbound.take(
                provider_id=sid,
                mobile=mobile,
                body=request.form.get("Body", ""),
                settled=request.form.get("OptOutType", ""),
            )
    return make_response("", 204)


def _signed(settings: Settings) -> bool:
    """Whether Twilio sent this, to the address we gave it: our own, whatever host the request names."""
    url = settings.public_url + request.full_path.rstrip("?")
    signature = request.headers.get("X-Twilio-Signature", "")
    tokens = [settings.twilio_auth_token, settings.sms_fallback.token if settings.sms_fallback else ""]
    return any(token and RequestValidator(token).validate(url, request.form, signature) for token in tokens)


def _why(code: str | None) -> Why:
    number = read_id(code)
    return NEVER.get(number or 0, Why.NOT_DELIVERED)


blueprints: tuple[Blueprint, ...] = (bp,)
