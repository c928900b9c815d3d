"""One's own account: where one is signed in, the password, the language."""

from __future__ import annotations

from flask import Response, g, request, session, url_for

from clinic.accounts import history_queries, queries, sessions
from clinic.accounts.display import device_name, role_label
from clinic.accounts.factor_queries import factors_of
from clinic.accounts.forms import ChangePasswordForm
from clinic.accounts.identity_queries import identities_of
from clinic.accounts.models import SessionKind
from clinic.accounts.providers import LABELS, configured
from clinic.accounts.service import choose_locale as remember_locale
from clinic.accounts.service.attempts import attempt_succeeded, begin_attempt
from clinic.accounts.service.passwords import RULES, own_words
from clinic.accounts.service.sign_in import change_password as change_own_password
from clinic.accounts.views.blueprint import bp
from clinic.audit import service as audit
from clinic.core.access import STAFF, Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound, TooMany
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.phones import show
from clinic.core.web import current_actor, go_to, page, safe_next, say


@bp.get("/account")
@allow(*STAFF, Role.PATIENT)
def account() -> Response:
    """Where one is signed in, and the password."""
    return _account_page(current_actor(), ChangePasswordForm(formdata=None))


def _account_page(actor: Actor, form: ChangePasswordForm, status: int = 200) -> Response:
    user = queries.own_user(actor)
    return page(
        "accounts/account.html",
        status=status,
        form=form,
        user=user,
        roles=[role_label(role) for role in sorted(actor.roles, key=list(Role).index)],
        sessions=queries.open_sessions(user.id),
        factors=factors_of(user.id) if not actor.is_patient else None,
        connected=[LABELS[one.provider] for one in identities_of(user.id)]
        if configured() and not actor.is_patient
        else [],
        before=history_queries.sign_in_before(actor),
        rules=RULES,
        own=own_words(user.name, user.email),
        own_session_id=actor.session_id,
        is_patient=actor.is_patient,
        mobile=show(user.mobile),
        device_name=device_name,
    )


@bp.post("/account/password")
@allow(*STAFF)
def change_password() -> Response:
    """Change one's own password; every other session ends, this browser gets a new one."""
    actor, form = current_actor(), ChangePasswordForm()
    if not form.validate():
        return _account_page(actor, form, 422)
    try:
        _change(actor, form)
    except DomainError as error:
        form.refuse(error)
        response = _account_page(actor, form, error.status)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    say(_("Your password is changed. Other devices are signed out."))
    return go_to(url_for("accounts.account"))


def _change(actor: Actor, form: ChangePasswordForm) -> None:
    """A session left open is no licence to guess the present password: wrong ones slow down here as well."""
    with unit_of_work():
        attempt_id = begin_attempt(
            f"user:{actor.user_id}", browser=sessions.browser_hash(), origin=actor.origin
        )
    with unit_of_work():
        user = queries.own_user(actor)
        change_own_password(actor, user, current=form.current.data or "", new=form.password.data or "")
        attempt_succeeded(attempt_id)
        sessions.sign_in(user, SessionKind.STAFF)


@bp.post("/account/sessions/<id:session_id>/end")
@allow(*STAFF, Role.PATIENT)
def end_session(session_id: int) -> Response:
    """End one of one's own sessions."""
    actor = current_actor()
    with unit_of_work():
        if not sessions.end_session(actor.user_id or 0, session_id, "ended_by_person"):
            raise NotFound(_("That device is signed out already."))
        audit.record(actor, "session.ended", subject_type="session", subject_id=session_id)
    say(_("That device is signed out."))
    return go_to(url_for("accounts.account"))


@bp.post("/account/sessions/end-others")
@allow(*STAFF, Role.PATIENT)
def end_other_sessions() -> Response:
    """End all one's sessions but this one."""
    actor = current_actor()
    with unit_of_work():
        ended = sessions.end_sessions(actor.user_id or 0, "ended_by_person", but=actor.session_id)
        audit.record(
            actor, "session.ended", subject_type="user", subject_id=actor.user_id, detail={"count": ended}
        )
    say(_("Your other devices are signed out."))
    return go_to(url_for("accounts.account"))


@bp.post("/locale")
@allow(everybody=True)
def choose_locale() -> Response:
    """Choose a language: for good when signed in, else for this browser."""
    locale, actor = request.form.get("locale", ""), g.actor
    if locale in LOCALES:
        if actor is None:
            session["locale"] = locale
        else:
            session.pop("locale", None)
            with unit_of_work():
                remember_locale(actor, locale)
    return go_to(safe_next(request.form.get("next"), "/"))
