"""A household's sign-in: found by what was proved, given a verified e-mail address, or another mobile."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import RoleGrant, SignInEmail, User
from clinic.accounts.service.closing import undo_closing
from clinic.accounts.service.codes import is_email
from clinic.accounts.service.open_sessions import end_sessions
from clinic.accounts.service.people import ensure_patient_login
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.notifications.service import queue_message


@dataclass(frozen=True)
class SignedIn:
    """A household that may be let in. ``is_new`` where nobody had this number, ``kept`` where the deletion it
    had asked for is undone by this.
    """

    user: User
    is_new: bool = False
    kept: bool = False


def sign_in_household(visitor: Actor, *, address: str, locale: str) -> SignedIn | None:
    """The household whose number or e-mail address was just proved.

    An unknown number gets a sign-in of its own; an unknown e-mail address none (None). Raises Invalid when
    its sign-in was closed.
    """
    if is_email(address):
        known = db.session.scalars(select(User).join(SignInEmail).where(SignInEmail.email == address)).first()
        if known is None:
            return None
    else:
        known = db.session.scalars(select(User).where(User.mobile == address)).first()
    if known is not None and not known.active:
        raise Invalid(_("This sign-in has been closed. Call the clinic."), field="code")
    if known is not None and _is_patient(known.id):
        return SignedIn(known, kept=undo_closing(visitor, known))
    if is_email(address):
        return None
    user = ensure_patient_login(visitor, mobile=address, name=known.name if known else "", locale=locale)
    return SignedIn(user, is_new=known is None)


def _is_patient(user_id: int) -> bool:
    query = select(RoleGrant.id).where(RoleGrant.user_id == user_id, RoleGrant.role == Role.PATIENT).limit(1)
    return db.session.scalar(query) is not None


def own_mobile(actor: Actor) -> str:
    """The number the household signs in with. Raises Invalid where there is none."""
    mobile = db.session.scalar(select(User.mobile).where(User.id == actor.user_id))
    if not mobile:
        raise Invalid(_("There is no mobile number on this sign-in. Call the clinic."))
    return mobile


def sign_in_emails(user_id: int) -> list[str]:
    """The e-mail addresses a household may sign in with as well."""
    query = select(SignInEmail.email).where(SignInEmail.user_id == user_id).order_by(SignInEmail.id)
    return list(db.session.scalars(query))


def add_sign_in_email(actor: Actor, email: str) -> None:
    """Let the household sign in by an address it has just proved; whoever had it before no longer does."""
    db.session.execute(
        insert(SignInEmail)
        .values(user_id=actor.user_id, email=email, created_at=clock.now())
        .on_conflict_do_update(
            constraint="uq_sign_in_emails_email",
            set_={"user_id": actor.user_id, "created_at": clock.now()},
        )
    )
    audit.record(actor, "email.verified", subject_type="user", subject_id=actor.user_id)


def drop_sign_in_emails(user_ids: list[int], *, email: str | None = None) -> None:
    """Let these households no longer sign in by this address, or by any."""
    query = delete(SignInEmail).where(SignInEmail.user_id.in_(user_ids))
    if email is not None:
        query = query.where(SignInEmail.email == email)
    db.session.execute(query.execution_options(synchronize_session=False))


def change_mobile(actor: Actor, user: User, new: str) -> str:
    """Give a household's sign-in another number, which has been proved; returns the old one.

    A sign-in of the new number that never had anybody in it takes the old number instead: whoever gets that
    number next begins anew. Whoever calls has made sure that it has nobody in it. Sessions on other devices
    end, and both numbers are told. Raises Conflict where somebody of the staff has the number.
    """
    old = user.mobile or ""
    other = db.session.scalars(select(User).where(User.mobile == new, User.id != user.id)).first()
    if other is not None:
        if _is_staff(other.id):
            raise Conflict(_("This number cannot be used here. Ask the clinic to change it."))
        other.mobile = f"+9990{other.id:010d}"  # an unassigned code, for as long as this transaction
        db.session.flush()
        end_sessions(other.id, "mobile.changed")
    user.mobile = new
    if user.name == old:
        user.name = new
    db.session.flush()
    if other is not None:
        other.mobile = old
        db.session.flush()
    end_sessions(user.id, "mobile.changed", but=actor.session_id if actor.user_id == user.id else None)
    audit.record(actor, "mobile.changed", subject_type="user", subject_id=user.id)
    tell_of_change(user, old=old, new=new)
    return old


def _is_staff(user_id: int) -> bool:
    query = select(RoleGrant.id).where(RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT).limit(1)
    return db.session.scalar(query) is not None


def tell_of_change(user: User, *, old: str | None, new: str | None) -> None:
    """Tell both numbers that visits are now looked after under the new one."""
    stamp = int(clock.now().timestamp() * 1000)
    for which, address in (("old", old), ("new", new)):
        if address:
            queue_message(
                kind="mobile_changed",
                channel="sms",
                recipient_type="mobile",
                address=address,
                subject_type="user",
                subject_id=user.id,
                locale=user.locale,
                dedupe_key=f"mobile_changed:{user.id}:{which}:{stamp}",
            )
