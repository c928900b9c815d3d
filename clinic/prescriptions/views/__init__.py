"""Pages of prescriptions."""

from clinic.prescriptions.views import reading, settings, writing
from clinic.prescriptions.views.blueprint import bp

blueprints = (bp,)

__all__ = ["blueprints", "reading", "settings", "writing"]
