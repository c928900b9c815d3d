"""What can be done with accounts."""

from clinic.accounts.service.open_sessions import end_session, end_sessions
from clinic.accounts.service.people import create_staff, ensure_patient_login, grant_role, parse_email

__all__ = ["create_staff", "end_session", "end_sessions", "ensure_patient_login", "grant_role", "parse_email"]
