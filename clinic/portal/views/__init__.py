"""Pages of the portal."""

from clinic.portal.views import (
    booking,
    consents,
    details,
    family,
    home,
    inbox,
    installing,
    intake,
    keeping,
    number,
    preferences,
    proving,
    record,
    visits,
    waitlist,
)
from clinic.portal.views.blueprint import bp

blueprints = (bp,)

__all__ = [
    "blueprints",
    "booking",
    "consents",
    "details",
    "family",
    "home",
    "inbox",
    "installing",
    "intake",
    "keeping",
    "number",
    "preferences",
    "proving",
    "record",
    "visits",
    "waitlist",
]
