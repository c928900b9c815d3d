"""What can be done with accounts."""

from clinic.accounts.service.links import invite, invite_admin
from clinic.accounts.service.open_sessions import end_session, end_sessions
from clinic.accounts.service.people import (
    activate,
    change_roles,
    choose_locale,
    create_staff,
    deactivate,
    ensure_patient_login,
    grant_role,
    parse_email,
)

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
