"""Pages of prescriptions."""

from clinic.prescriptions.views import reading, writing
from clinic.prescriptions.views.blueprint import bp

blueprints = (bp,)

__all__ = ["blueprints", "reading", "writing"]
