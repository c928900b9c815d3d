"""Signing in with a passkey: the device finds which, the person unlocks it, and nothing else is asked."""

from __future__ import annotations

from flask import Response, abort, jsonify

from clinic.accounts import sessions
from clinic.accounts.factor_forms import PasskeySignInForm
from clinic.accounts.forms import SignInForm
from clinic.accounts.models import User
from clinic.accounts.service import passkeys as service
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.completing import PASSKEY, complete_sign_in
from clinic.accounts.views.passkeys import site
from clinic.accounts.views.password_sign_in import sign_in_page
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.i18n import gettext as _
from clinic.core.limits import is_within
from clinic.core.web import safe_next

PER_ORIGIN = "300 per hour"
"""Challenges for one address: a clinic's whole staff behind one router, but not rows without end."""


@bp.post("/sign-in/passkey/options")
@allow(everybody=True)
def passkey_sign_in_options() -> Response:
    """What the browser needs to look for a passkey, as JSON: the same for everybody."""
    here = site()
    if here is None:
        abort(404)
    if not is_within(PER_ORIGIN, "passkey_options", sessions.visitor().origin):
        response = jsonify(message=_("Too many tries from here. Wait a little, or use your password."))
        response.status_code = 429
        return response
    with unit_of_work():
        options = service.options_to_sign_in(here, browser=sessions.browser_hash())
    return Response(options, mimetype="application/json")


@bp.post("/sign-in/passkey")
@allow(everybody=True)
def passkey_sign_in() -> Response:
    """Sign in with what the device answered."""
    here, form = site(), PasskeySignInForm()
    if here is None:
        abort(404)
    user = _whose(here, form.credential.data or "") if form.validate() else None
    if user is not None:
        return complete_sign_in(user, by=PASSKEY, next_url=form.next.data or "")
    again = SignInForm(formdata=None)
    again.next.data = safe_next(form.next.data, "")
    again.form_errors.append(
        _("This passkey was not accepted. Try once more, or use your e-mail and password.")
    )
    return sign_in_page(again, 422)


def _whose(here: service.Site, answer: str) -> User | None:
    with unit_of_work():
        challenge = service.spend_challenge(answer, service.SIGN_IN, browser=sessions.browser_hash())
    if challenge is None:
        return None
    with unit_of_work():
        return service.whose(sessions.visitor(), site=here, answer=answer, challenge=challenge)
