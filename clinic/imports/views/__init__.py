"""Pages by which lists come into the clinic."""

from clinic.imports.views import code_lists, index, lines, show
from clinic.imports.views.blueprint import bp

blueprints = (bp, code_lists.bp)

__all__ = ["blueprints", "code_lists", "index", "lines", "show"]
