"""Accounts in words: what a role is called, which device a session is on."""

from __future__ import annotations

from clinic.core.access import Role
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l

ROLE_LABELS = {
    Role.ADMIN: _l("Administrator"),
    Role.FACILITY_ADMIN: _l("Clinic manager"),
    Role.PRACTITIONER: _l("Practitioner"),
    Role.THERAPIST: _l("Therapist"),
    Role.RECEPTIONIST: _l("Receptionist"),
    Role.PATIENT: _l("Patient"),
}
MEANS = {
    "password": _l("with the password"),
    "code": _l("with a code by text message"),
    "email_code": _l("with a code by e-mail"),
    "passkey": _l("with a passkey"),
    "google": _l("with Google"),
    "github": _l("with GitHub"),
}
_BROWSERS = (
    ("Edg", "Edge"),
    ("SamsungBrowser", "Samsung Internet"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def role_label(role: Role | str) -> str:
    """What people call a role."""
    return str(ROLE_LABELS[Role(role)])


def means_of(by: str | None) -> str:
    """By what somebody signed in; empty where nobody wrote it down."""
    return str(MEANS[by]) if by in MEANS else ""


def device_name(agent: str) -> str:
    """``Chrome on Windows``, as far as the browser says."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("An unknown device")
