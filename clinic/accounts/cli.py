"""What the command line does with accounts."""

from __future__ import annotations

from urllib.parse import quote

from clinic.accounts.service.links import invite_admin
from clinic.core.access import SYSTEM
from clinic.core.db import unit_of_work


def create_admin_link(email: str, name: str, *, public_url: str) -> str:
    """The address under which ``name`` becomes administrator by choosing a password.

    It is good once, for seven days.
    """
    with unit_of_work():
        token = invite_admin(SYSTEM, name=name, email=email)
    return f"{public_url}/invitation/{quote(token)}"
