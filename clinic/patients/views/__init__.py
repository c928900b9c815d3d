"""Pages about patients."""

from clinic.patients.views import index, intake, links, register
from clinic.patients.views.blueprint import bp

blueprints = (bp,)

__all__ = ["blueprints", "index", "intake", "links", "register"]
