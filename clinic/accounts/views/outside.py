"""Signing in through Google or GitHub: there, back, and once a confirmation that the two belong together."""

from __future__ import annotations

from flask import Response, abort, current_app, g, request, session, url_for

from clinic.accounts import sessions
from clinic.accounts.forms import ConnectForm
from clinic.accounts.models import OutsideSignIn, User
from clinic.accounts.providers import LABELS, Claims, OutsideProvider, configured, provider_called
from clinic.accounts.service import links, outside
from clinic.accounts.service.attempts import attempt_succeeded, begin_attempt, count_try
from clinic.accounts.service.passwords import verify
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.completing import complete_sign_in
from clinic.config import Settings
from clinic.core import security
from clinic.core.access import STAFF, Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, safe_next, say

HELD = "outside_held"
"""In the browser's cookie: which walk waits to be confirmed."""
OFFERS = ("accounts.sign_in", "accounts.connections")
"""The pages with a button that leads to a provider."""
PROVIDER = "<any(google, github):name>"


@bp.after_request
def let_forms_lead_there(response: Response) -> Response:
    """A form of these pages ends at the provider, which the policy of every other page forbids."""
    if request.endpoint in OFFERS and configured():
        security.let_forms_lead_to(response, *(provider.origin for provider in configured()))
    return response


@bp.post(f"/sign-in/{PROVIDER}")
@allow(everybody=True)
def outside_sign_in(name: str) -> Response:
    """Set out to sign in."""
    return _set_out(_provider(name), next_url=safe_next(request.form.get("next"), ""))


@bp.post(f"/account/connections/{PROVIDER}")
@allow(*STAFF)
def connect_account(name: str) -> Response:
    """Set out to connect an account to one's own."""
    return _set_out(
        _provider(name), next_url=url_for("accounts.connections"), user_id=current_actor().user_id
    )


def _set_out(provider: OutsideProvider, *, next_url: str, user_id: int | None = None) -> Response:
    visitor, browser = sessions.visitor(), sessions.browser_hash()
    try:
        with unit_of_work():
            count_try(f"outside:{visitor.origin}", browser=browser, origin=visitor.origin)
            walk = outside.set_out(provider.name, browser=browser, next_url=next_url, user_id=user_id)
        return go_to(provider.address(walk, back=_back(provider)))
    except DomainError as error:
        return _failed(error, provider)


@bp.get(f"/sign-in/{PROVIDER}/back")
@allow(everybody=True)
def outside_back(name: str) -> Response:
    """Come back from a provider: with a code, or with word that nothing came of it."""
    provider = _provider(name)
    try:
        with unit_of_work():
            walk = outside.come_back(
                provider.name, state=request.args.get("state", ""), browser=sessions.browser_hash()
            )
        code = request.args.get("code", "")
        if not code:
            return _told_no(provider)
        claims = provider.identify(walk.walk, code=code, back=_back(provider), issuer=request.args.get("iss"))
        return _arrived(provider, walk, claims)
    except DomainError as error:
        return _failed(error, provider)


def _arrived(provider: OutsideProvider, walk: outside.Return, claims: Claims) -> Response:
    """Go on with who came back: known, to be confirmed, or nobody of this clinic."""
    if not claims.email_verified:
        return _refused(provider, "unverified")
    if walk.user_id is not None:
        return _hold_for_signed_in(provider, walk, claims)
    with unit_of_work():
        user = outside.recognise(claims)
    if user is not None:
        return complete_sign_in(user, by=provider.name, next_url=walk.next_url)
    with unit_of_work():
        possible = None if outside.is_connected(claims) else outside.may_be(claims)
        if possible is None:
            outside.refuse(sessions.visitor(), claims)
        else:
            outside.hold(walk.id, claims, possible.id)
    if possible is None:
        return _refused(provider, "unknown")
    session[HELD] = walk.id
    return go_to(url_for("accounts.connect"))


def _hold_for_signed_in(provider: OutsideProvider, walk: outside.Return, claims: Claims) -> Response:
    actor: Actor | None = g.actor
    if actor is None or actor.user_id is None or actor.user_id != walk.user_id:
        raise NotFound(_("This sign-in is over, or it began in another browser. Start it once more."))
    if outside.is_connected(claims):
        say(_("That %(provider)s account is connected already.", provider=provider.label), "warn")
        return go_to(url_for("accounts.connections"))
    with unit_of_work():
        outside.hold(walk.id, claims, actor.user_id)
    session[HELD] = walk.id
    return go_to(url_for("accounts.connect"))


@bp.route("/sign-in/connect", methods=["GET", "POST"])
@allow(everybody=True)
def connect() -> Response:
    """Confirm by password that the account elsewhere and the one here are the same person's."""
    found = _held()
    if found is None:
        return _over()
    walk, user = found
    form = ConnectForm()
    if request.method != "POST" or user.password_hash is None:
        return _connect_page(walk, user, form)
    if not form.validate():
        return _connect_page(walk, user, form, 422)
    try:
        if not _password_is_right(user, form.password.data or ""):
            form.password.errors = [_("This is not the password of your account here.")]
            return _connect_page(walk, user, form, 422)
        return _connected(walk, user)
    except DomainError as error:
        form.refuse(error)
        return _later(_connect_page(walk, user, form, error.status), error)


def _password_is_right(user: User, password: str) -> bool:
    """Counted as at the sign-in: guessing is no quicker here."""
    email, kept = user.email or "", user.password_hash
    with unit_of_work():
        attempt_id = begin_attempt(email, browser=sessions.browser_hash(), origin=sessions.visitor().origin)
    if not verify(password, kept):
        return False
    with unit_of_work():
        attempt_succeeded(attempt_id)
    return True


def _connected(walk: OutsideSignIn, user: User) -> Response:
    actor: Actor | None = g.actor
    label, provider, next_url = LABELS[walk.provider], walk.provider, walk.next_url
    own = actor is not None and actor.user_id == user.id
    with unit_of_work():
        outside.connect(actor if own and actor else sessions.visitor(), walk.id, label=label)
    session.pop(HELD, None)
    if own:
        response = go_to(url_for("accounts.connections"))
    else:
        response = complete_sign_in(user, by=provider, next_url=next_url)
    say(_("Your %(provider)s account is connected. You can sign in with it from now on.", provider=label))
    return response


@bp.post("/sign-in/connect/mail")
@allow(everybody=True)
def connect_by_mail() -> Response:
    """For somebody without a password: confirm by a link mailed to their address here."""
    found = _held()
    if found is None:
        return _over()
    walk, user = found
    if user.password_hash is not None:
        return go_to(url_for("accounts.connect"))
    visitor = sessions.visitor()
    try:
        with unit_of_work():
            if count_try(f"connect:{user.id}", browser=sessions.browser_hash(), origin=visitor.origin) <= 5:
                links.new_link(visitor, user, links.CONNECT)
                outside.wait_for_mail(walk.id)
    except TooMany as error:
        return _failed(error, _provider(walk.provider))
    return go_to(url_for("accounts.connect", sent=1))


@bp.route("/sign-in/connect/<token>", methods=["GET", "POST"])
@allow(everybody=True)
def connect_by_link(token: str) -> Response:
    """The mailed link: in the browser that asked for it, it stands for the password."""
    found = _held()
    try:
        link = links.open_link(token, links.CONNECT)
        if found is None or found[1].id != link.user_id:
            return page("accounts/connect_elsewhere.html", status=404)
        walk, user = found
        if request.method != "POST":
            return page("accounts/connect_by_link.html", walk=walk, user=user, label=LABELS[walk.provider])
        with unit_of_work():
            links.spend(link)
        return _connected(walk, user)
    except DomainError as error:
        return page("accounts/outside_failed.html", status=error.status, message=error.message, why="")


def _connect_page(walk: OutsideSignIn, user: User, form: ConnectForm, status: int = 200) -> Response:
    return page(
        "accounts/connect.html",
        status=status,
        form=form,
        walk=walk,
        user=user,
        label=LABELS[walk.provider],
        sent="sent" in request.args,
    )


def _held() -> tuple[OutsideSignIn, User] | None:
    return outside.held(session.get(HELD), browser=sessions.browser_hash())


def _over() -> Response:
    session.pop(HELD, None)
    message = _("This sign-in is over, or it began in another browser. Start it once more.")
    return page("accounts/outside_failed.html", status=404, message=message, why="")


def _told_no(provider: OutsideProvider) -> Response:
    """The person said no there, or the provider could not ask them."""
    refused = request.args.get("error") == "access_denied"
    return _refused(provider, "denied" if refused else "failed")


def _refused(provider: OutsideProvider, why: str) -> Response:
    return page("accounts/outside_failed.html", status=422, why=why, label=provider.label, message="")


def _failed(error: DomainError, provider: OutsideProvider) -> Response:
    response = page(
        "accounts/outside_failed.html",
        status=error.status,
        why="",
        label=provider.label,
        message=error.message,
    )
    return _later(response, error)


def _later(response: Response, error: DomainError) -> Response:
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _provider(name: str) -> OutsideProvider:
    provider = provider_called(name)
    if provider is None:
        abort(404)
    return provider


def _back(provider: OutsideProvider) -> str:
    """Where the provider returns to: its host is configured, never taken from a request."""
    settings: Settings = current_app.extensions["settings"]
    return settings.public_url + url_for("accounts.outside_back", name=provider.name)
