"""What can be done with accounts."""

from clinic.accounts.service.links import invite, invite_admin
from clinic.accounts.service.open_sessions import end_session, end_sessions
from clinic.accounts.service.people import (
    choose_locale,
    create_staff,
    ensure_patient_login,
    parse_email,
)
from clinic.accounts.service.roles import change_roles, grant_role
from clinic.accounts.service.stopping import activate, deactivate

__all__ = [
    "activate",
    "change_roles",
    "choose_locale",
    "create_staff",
    "deactivate",
    "end_session",
    "end_sessions",
    "ensure_patient_login",
    "grant_role",
    "invite",
    "invite_admin",
    "parse_email",
]
