"""Pages and files by which data leaves the clinic."""

from clinic.exports.views import lists, records
from clinic.exports.views.blueprint import bp

blueprints = (bp,)

__all__ = ["blueprints", "lists", "records"]
