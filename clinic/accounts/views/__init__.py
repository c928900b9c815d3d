"""Pages of signing in, one's own account, and the people of the clinic."""

from __future__ import annotations

from clinic.accounts.views import account, links, password_sign_in, people, portal_sign_in
from clinic.accounts.views.blueprint import bp

__all__ = ["account", "blueprints", "links", "password_sign_in", "people", "portal_sign_in"]

blueprints = (bp,)
