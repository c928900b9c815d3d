"""Pages by which lists come into the clinic."""

from clinic.imports.views import index, lines, show
from clinic.imports.views.blueprint import bp

blueprints = (bp,)

__all__ = ["blueprints", "index", "lines", "show"]
