"""People who sign in: staff, households."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import User
from clinic.accounts.policy import Grant
from clinic.accounts.service import passwords
from clinic.accounts.service.roles import check_may_grant, grant_role
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line


def _email_taken() -> Conflict:
    return Conflict(_("Somebody with this e-mail can sign in already."), field="email")


def _mobile_taken() -> Conflict:
    return Conflict(_("This number cannot be used here. Ask the clinic to change it."), field="mobile")


constraint_means("uq_users_email", _email_taken)
constraint_means("uq_users_mobile", _mobile_taken)


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
    roles: Iterable[Role] = (),
    facility_id: int | None = None,
    grants: Iterable[Grant] = (),
    password: str | None = None,
    locale: str = "en",
) -> User:
    """Somebody of the staff; without ``password`` they cannot sign in until they set one.

    They hold ``roles`` at ``facility_id`` (None: everywhere), and ``grants`` beside. Raises Conflict when the
    e-mail is taken, Invalid when it is none, Forbidden for a role that is not the actor's to give.
    """
    granted = sorted({*grants, *(Grant(role, facility_id or 0) for role in roles)})
    check_may_grant(actor, granted)
    user = User(name=one_line(name), email=parse_email(email), locale=locale, active=True)
    if not user.name:
        raise Invalid(_("Enter a name."), field="name")
    if db.session.scalar(select(User.id).where(User.email == user.email)):
        raise _email_taken()
    if password is not None:
        passwords.check_rules(password, own=passwords.own_words(user.name, user.email))
        user.password_hash = passwords.hashed(password)
        user.password_changed_at = clock.now()
    db.session.add(user)
    db.session.flush()
    for grant in granted:
        grant_role(user, grant.role, facility_id=grant.place, granted_by=actor.user_id)
    audit.record(
        actor,
        "account.created",
        subject_type="user",
        subject_id=user.id,
        detail={"roles": [str(r) for r in granted]},
    )
    return user


def parse_email(text: str, *, field: str = "email") -> str:
    """An e-mail address in lower case. Raises Invalid when it cannot be one."""
    address = one_line(text).lower()
    local, at, domain = address.rpartition("@")
    bad = any(char.isspace() or char in '<>,;:"()[]\\' for char in address)
    if bad or not (at and local and "@" not in local and "." in domain.strip(".")) or len(address) > 254:
        raise Invalid(_("This is not an e-mail address."), field=field)
    return address


def choose_locale(actor: Actor, locale: str) -> None:
    """Remember the language of a signed-in person."""
    user = db.session.get(User, actor.user_id)
    if user is not None and user.locale != locale:
        user.locale = locale
        db.session.flush()
