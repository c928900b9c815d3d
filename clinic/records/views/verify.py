"""Checking a printed copy by its code: anybody who holds one learns whether it is true, and no more."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from clinic.accounts.sessions import visitor
from clinic.audit import service as audit
from clinic.core.access import allow
from clinic.core.errors import TooMany
from clinic.core.i18n import gettext as _
from clinic.core.limits import is_within
from clinic.records.verification import check, read_code, short_digest

bp = Blueprint("verify", __name__, url_prefix="/verify")
PER_HOUR = "60 per hour"
"""Looks from one address: an office that checks papers goes on, somebody guessing does not get anywhere."""


@bp.after_request
def keep_to_itself(response: Response) -> Response:
    """No search engine keeps it, no page it leads to learns the code, no cache holds the answer."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/")
@allow(everybody=True)
def ask() -> Response:
    """Ask for the code; one that was typed leads to its page."""
    typed = request.args.get("code", "").strip()
    if not typed:
        return _shown()
    code = read_code(typed)
    return make_response(redirect(url_for("verify.show", code=code), 303)) if code else _unknown()


@bp.get("/<code>")
@allow(everybody=True)
def show(code: str) -> Response:
    """Whether the copy with this code is true, was added to, or was withdrawn. Every code that belongs to
    nothing gets the same bytes.
    """
    if not is_within(PER_HOUR, "verify", request.remote_addr or ""):
        raise TooMany(_("Wait a little, then check the code once more."), retry_after=3600)
    found = check(code)
    if found is None:
        return _unknown()
    audit.read(
        visitor(),
        "copy.checked",
        subject_type=found.kind,
        subject_id=found.subject_id,
        patient_id=found.patient_id,
        facility_id=found.facility_id,
    )
    return _shown(found=found, digest=short_digest(found.digest))


def _unknown() -> Response:
    return _shown(unknown=True, status=404)


def _shown(status: int = 200, **values: object) -> Response:
    return make_response(render_template("records/verify.html", **values), status)
