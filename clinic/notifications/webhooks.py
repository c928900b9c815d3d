"""What message services report."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("webhooks", __name__)
blueprints: tuple[Blueprint, ...] = (bp,)
