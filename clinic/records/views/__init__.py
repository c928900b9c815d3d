"""Pages of this domain."""

from __future__ import annotations

from flask import Blueprint

from clinic.records.views import serving, verify, viewer
from clinic.records.views.blueprint import bp

blueprints: tuple[Blueprint, ...] = (bp, verify.bp)

__all__ = ["blueprints", "serving", "verify", "viewer"]
