"""What would have been sent: development and tests only."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("console_messages", __name__)
blueprints: tuple[Blueprint, ...] = (bp,)
