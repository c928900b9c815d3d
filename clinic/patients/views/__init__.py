"""Pages about patients."""

from clinic.patients.views import consent_settings, guardians, index, intake, links, register
from clinic.patients.views.blueprint import bp

blueprints = (
    bp,
    consent_settings.bp,
)

__all__ = ["blueprints", "consent_settings", "guardians", "index", "intake", "links", "register"]
