"""Google and GitHub as those who say who somebody is: only what is spoken with them, nothing of accounts."""

from __future__ import annotations

from flask import Flask, current_app

from clinic.accounts.models import Provider
from clinic.accounts.providers.github import GitHub
from clinic.accounts.providers.google import Google
from clinic.accounts.providers.walk import Claims, OutsideProvider, Walk, new_walk
from clinic.config import Settings

LABELS: dict[str, str] = {Provider.GOOGLE: "Google", Provider.GITHUB: "GitHub"}


def init_providers(app: Flask, settings: Settings) -> None:
    """Make the providers that are set up; templates see them as ``outside_providers()``."""
    made: list[OutsideProvider] = []
    if settings.google_client_id:
        made.append(Google(settings))
    if settings.github_client_id:
        made.append(GitHub(settings))
    app.extensions["outside_providers"] = {provider.name: provider for provider in made}
    app.jinja_env.globals["outside_providers"] = configured


def configured() -> tuple[OutsideProvider, ...]:
    """The providers sign-ins go through here, in the order they are offered."""
    return tuple(current_app.extensions["outside_providers"].values())


def provider_called(name: str) -> OutsideProvider | None:
    """The provider of that name, None when it is not set up here."""
    found: OutsideProvider | None = current_app.extensions["outside_providers"].get(name)
    return found


__all__ = [
    "LABELS",
    "Claims",
    "OutsideProvider",
    "Walk",
    "configured",
    "init_providers",
    "new_walk",
    "provider_called",
]
