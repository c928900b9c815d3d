"""Pages of the portal."""

from clinic.portal.views import booking, details, family, home, intake, keeping, record, visits, waitlist
from clinic.portal.views.blueprint import bp

blueprints = (bp,)

__all__ = [
    "blueprints",
    "booking",
    "details",
    "family",
    "home",
    "intake",
    "keeping",
    "record",
    "visits",
    "waitlist",
]
