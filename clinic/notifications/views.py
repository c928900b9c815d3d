"""Pages about messages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("notifications", __name__)
blueprints: tuple[Blueprint, ...] = (bp,)
