"""The blueprint that the pages about patients hang on."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("patients", __name__)
