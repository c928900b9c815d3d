"""Pages of prescriptions."""

from clinic.prescriptions.views import medicines, reading, settings, writing
from clinic.prescriptions.views.blueprint import bp

blueprints = (bp,)

__all__ = ["blueprints", "medicines", "reading", "settings", "writing"]
