"""The files a host reads agree with the application and with each other."""

from __future__ import annotations

import json
import re
import runpy

import pytest

from clinic.config import read_settings
from tests.local.conftest import CHECKOUT

READ_ELSEWHERE = {"PORT", "WEB_CONCURRENCY", "POSTGRES_PASSWORD"}  # by gunicorn.conf.py and compose.yaml
READ_ELSEWHERE |= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}  # by the object store's library


class Environment(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, **values: str) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: str = "") -> str:
        self.asked.add(name)
        return super().get(name, default)


def settings_read() -> set[str]:
    """The names of the settings the application reads."""
    environment = Environment(
        SUTRA_ENV="development",
        SECRET_KEY="0123456789-abcdefghijklmnop-xyzxyz",
        FIELD_KEYS="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        DATABASE_URL="postgresql://",
        REDIS_URL="redis://",
        PUBLIC_URL="http://127.0.0.1:8000",
    )
    read_settings(environment)
    return environment.asked


def names_in(example: str) -> set[str]:
    """The names an env file sets."""
    return {line.partition("=")[0] for line in example.splitlines() if re.match(r"[A-Z_]+=", line)}


def test_the_example_names_every_setting_and_no_other():
    assert names_in((CHECKOUT / ".env.example").read_text()) == settings_read() | READ_ELSEWHERE


def test_the_example_holds_no_secret():
    example = (CHECKOUT / ".env.example").read_text()
    assert not re.search(
        r"(?m)^(SECRET_KEY|FIELD_KEYS|TWILIO_\w+|SMTP_URL|DATABASE_URL|POSTGRES_PASSWORD)=.", example
    )


def test_the_host_manifest_sets_only_known_settings():
    manifest = json.loads((CHECKOUT / "app.json").read_text())
    assert set(manifest["env"]) <= settings_read() | READ_ELSEWHERE
    assert set(manifest["formation"]) == set(processes()) - {"release"}


def processes() -> dict[str, str]:
    """The Procfile's commands by name."""
    lines = (CHECKOUT / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_every_process_of_the_procfile_runs_in_compose_too():
    compose = (CHECKOUT / "compose.yaml").read_text()
    for command in processes().values():
        if command.startswith("flask "):
            assert json.dumps(command.split()) in compose


@pytest.mark.parametrize(("mode", "host"), [("development", "127.0.0.1"), ("production", "0.0.0.0")])
def test_the_web_process_is_open_to_others_only_outside_development(monkeypatch, mode, host):
    monkeypatch.setenv("SUTRA_ENV", mode)
    monkeypatch.setenv("PORT", "8123")
    assert runpy.run_path(str(CHECKOUT / "gunicorn.conf.py"))["bind"] == f"{host}:8123"


def test_requirements_are_pinned():
    for path in CHECKOUT.glob("requirements*.txt"):
        for line in path.read_text().splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert re.match(r"[\w.-]+==[\w.]+( ; .+)?$", line), f"{path.name}: {line}"
