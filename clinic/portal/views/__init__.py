"""Pages of the portal."""

from clinic.portal.views import (
    booking,
    booking_papers,
    consents,
    details,
    family,
    health,
    home,
    inbox,
    installing,
    intake,
    keeping,
    notes,
    number,
    papers,
    prakriti,
    preferences,
    prescriptions,
    proving,
    record,
    several,
    visits,
    waitlist,
)
from clinic.portal.views.blueprint import bp
from clinic.portal.views.installing import app_bp

blueprints = (bp, app_bp)

__all__ = [
    "blueprints",
    "booking",
    "booking_papers",
    "consents",
    "details",
    "family",
    "health",
    "home",
    "inbox",
    "installing",
    "intake",
    "keeping",
    "notes",
    "number",
    "papers",
    "prakriti",
    "preferences",
    "prescriptions",
    "proving",
    "record",
    "several",
    "visits",
    "waitlist",
]
