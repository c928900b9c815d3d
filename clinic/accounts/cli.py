"""What the command line does with accounts."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy import select

from clinic.accounts.models import User
from clinic.accounts.service import second_step
from clinic.accounts.service.links import invite_admin
from clinic.accounts.service.sign_in import identifier_of
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _


def create_admin_link(email: str, name: str, *, public_url: str) -> str:
    """The address under which ``name`` becomes administrator by choosing a password.

    It is good once, for seven days.
    """
    with unit_of_work():
        token = invite_admin(SYSTEM, name=name, email=email)
    return f"{public_url}/invitation/{quote(token)}"


def reset_second_step(email: str) -> None:
    """Take away the second step and passkeys of who has this e-mail, where no other administrator can.

    Raises NotFound.
    """
    with unit_of_work():
        user = db.session.scalars(select(User).where(User.email == identifier_of(email))).first()
        if user is None:
            raise NotFound(_("There is no such person."))
        second_step.reset(SYSTEM, user)
