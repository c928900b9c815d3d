"""The blueprint that the pages about imports hang on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for

from clinic.core.web import go_to

bp = Blueprint("imports", __name__)


def to_import(row_id: int, **where: Any) -> Response:
    """On to an import's page."""
    return go_to(url_for("imports.show", import_id=row_id, **where))
