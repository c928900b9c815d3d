"""People who sign in: made, given roles, stopped."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import RoleGrant, User
from clinic.accounts.policy import can_stop
from clinic.accounts.service import passwords
from clinic.accounts.service.open_sessions import end_sessions
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line


def _email_taken() -> Conflict:
    return Conflict(_("Somebody with this e-mail can sign in already."), field="email")


constraint_means("uq_users_email", _email_taken)


def ensure_patient_login(actor: Actor, *, mobile: str, name: str, locale: str = "en") -> User:
    """The household's sign-in for a mobile (E.164), made if there is none, with the role patient."""
    values = {"mobile": mobile, "name": one_line(name) or mobile, "locale": locale, "active": True}
    made = db.session.execute(
        insert(User)
        .values(created_at=clock.now(), **values)
        .on_conflict_do_nothing(constraint="uq_users_mobile")
        .returning(User.id)
    ).scalar()
    user = db.session.scalars(select(User).where(User.mobile == mobile)).one()
    grant_role(user, Role.PATIENT, granted_by=actor.user_id)
    if made is not None:
        audit.record(
            actor, "account.created", subject_type="user", subject_id=made, detail={"roles": ["patient"]}
        )
    return user


def create_staff(
    actor: Actor,
    *,
    name: str,
    email: str,
    roles: Iterable[Role],
    facility_id: int | None = None,
    password: str | None = None,
    locale: str = "en",
) -> User:
    """Somebody of the staff with their roles; without ``password`` they cannot sign in until they set one.

    Raises Conflict when the e-mail is taken, Invalid when it is none.
    """
    granted = sorted(set(roles))
    user = User(name=one_line(name), email=parse_email(email), locale=locale, active=True)
    if not user.name:
        raise Invalid(_("Enter a name."), field="name")
    if db.session.scalar(select(User.id).where(User.email == user.email)):
        raise _email_taken()
    if password is not None:
        passwords.check_rules(password)
        user.password_hash = passwords.hashed(password)
        user.password_changed_at = clock.now()
    db.session.add(user)
    db.session.flush()
    for role in granted:
        grant_role(user, role, facility_id=facility_id, granted_by=actor.user_id)
    audit.record(
        actor,
        "account.created",
        subject_type="user",
        subject_id=user.id,
        detail={"roles": [str(r) for r in granted]},
    )
    return user


def grant_role(
    user: User, role: Role, *, facility_id: int | None = None, granted_by: int | None = None
) -> None:
    """Give a role at one facility (None: at all); giving it twice changes nothing."""
    values = {"user_id": user.id, "role": role, "facility_id": facility_id, "granted_by": granted_by}
    db.session.execute(
        insert(RoleGrant)
        .values(created_at=clock.now(), **values)
        .on_conflict_do_nothing(constraint="uq_role_grants_once")
    )


def parse_email(text: str, *, field: str = "email") -> str:
    """An e-mail address in lower case. Raises Invalid when it cannot be one."""
    address = one_line(text).lower()
    local, at, domain = address.rpartition("@")
    bad = any(char.isspace() or char in '<>,;:"()[]\\' for char in address)
    if bad or not (at and local and "@" not in local and "." in domain.strip(".")) or len(address) > 254:
        raise Invalid(_("This is not an e-mail address."), field=field)
    return address


_ADMINS = 7_301_002
"""Advisory lock: two administrators cannot each remove the other at once and leave none."""


def change_roles(actor: Actor, user: User, roles: Iterable[Role], *, facility_id: int | None = None) -> None:
    """Let somebody hold exactly these staff roles, at one facility (None: at all); their sessions end.

    Raises Invalid without a role, Conflict when no administrator would be left.
    """
    wanted = set(roles) - {Role.PATIENT}
    if not wanted:
        raise Invalid(_("Choose at least one role."), field="roles")
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMINS})
    held = _grants_of(user.id)
    if held == {(role, facility_id) for role in wanted}:
        return
    if Role.ADMIN not in wanted and any(role == Role.ADMIN for role, _facility in held):
        _keep_an_admin(user, field="roles")
    db.session.execute(delete(RoleGrant).where(RoleGrant.user_id == user.id, RoleGrant.role != Role.PATIENT))
    for role in sorted(wanted):
        grant_role(user, role, facility_id=facility_id, granted_by=actor.user_id)
    end_sessions(user.id, "roles.changed")
    audit.record(
        actor,
        "roles.changed",
        subject_type="user",
        subject_id=user.id,
        facility_id=facility_id,
        detail={"before": sorted({role for role, _facility in held}), "after": sorted(wanted)},
    )


def deactivate(actor: Actor, user: User) -> None:
    """Stop an account: every session ends at its next request.

    Raises Forbidden for one's own, Conflict for the last administrator's.
    """
    if not can_stop(actor, user.id):
        raise Forbidden(_("You cannot stop your own account. Ask another administrator."))
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMINS})
    if any(role == Role.ADMIN for role, _facility in _grants_of(user.id)):
        _keep_an_admin(user)
    if not user.active:
        return
    user.active = False
    end_sessions(user.id, "account.deactivated")
    db.session.flush()
    audit.record(actor, "account.deactivated", subject_type="user", subject_id=user.id)


def activate(actor: Actor, user: User) -> None:
    """Let a stopped account sign in again."""
    if user.active:
        return
    user.active = True
    db.session.flush()
    audit.record(actor, "account.activated", subject_type="user", subject_id=user.id)


def choose_locale(actor: Actor, locale: str) -> None:
    """Remember the language of a signed-in person."""
    user = db.session.get(User, actor.user_id)
    if user is not None and user.locale != locale:
        user.locale = locale
        db.session.flush()


def _grants_of(user_id: int) -> set[tuple[str, int | None]]:
    rows = db.session.execute(
        select(RoleGrant.role, RoleGrant.facility_id).where(
            RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT
        )
    )
    return {(role, facility) for role, facility in rows}


def _keep_an_admin(user: User, field: str | None = None) -> None:
    others = db.session.scalar(
        select(func.count(func.distinct(User.id)))
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(RoleGrant.role == Role.ADMIN, User.active, User.id != user.id, User.password_hash.is_not(None))
    )
    if not others:
        raise Conflict(_("This is the last administrator. Give somebody else the role first."), field=field)
