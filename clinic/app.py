"""The application factory: the one place that knows all the parts and puts them together."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask
from flask_compress import Compress
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from clinic.config import Environment, Settings, read_settings
from clinic.core import health, limits, logs, security
from clinic.core.assets import init_assets
from clinic.core.db import db, migrate
from clinic.core.error_pages import init_error_pages
from clinic.core.facts import as_facts
from clinic.core.files import init_files
from clinic.core.gate import init_gate
from clinic.core.i18n import init_i18n
from clinic.core.queue import init_queue
from clinic.core.uploads import init_uploads
from clinic.core.web import IdConverter, htmx

ROOT = Path(__file__).parent.parent
BLUEPRINTS = (
    "accounts",
    "facilities",
    "practitioners",
    "patients",
    "records",
    "scheduling",
    "encounters",
    "prescriptions",
    "notifications",
    "imports",
    "exports",
    "desk",
    "portal",
)
"""Domains with pages: ``clinic.<domain>.views`` has ``blueprints``."""
MODELS = (
    "facilities",
    "accounts",
    "audit",
    "notifications",
    "practitioners",
    "patients",
    "records",
    "scheduling",
    "encounters",
    "prescriptions",
    "imports",
)
CONNECTIONS = (
    "clinic.audit.batches",
    "clinic.audit.nightly",
    "clinic.facilities.letterhead",
    "clinic.accounts.alarm_messages",
    "clinic.accounts.audit_alarm",
    "clinic.accounts.messages",
    "clinic.accounts.security_messages",
    "clinic.accounts.email_messages",
    "clinic.patients.messages",
    "clinic.patients.emergency_messages",
    "clinic.patients.guardian_messages",
    "clinic.patients.beginning_messages",
    "clinic.patients.signals",
    "clinic.scheduling.broadcast_messages",
    "clinic.scheduling.messages",
    "clinic.scheduling.papers",
    "clinic.scheduling.replies",
    "clinic.scheduling.series_messages",
    "clinic.scheduling.signals",
    "clinic.scheduling.timeline",
    "clinic.scheduling.waitlist_messages",
    "clinic.encounters.diagnoses_panel",
    "clinic.encounters.messages",
    "clinic.encounters.service_templates",
    "clinic.encounters.verifiable",
    "clinic.prescriptions.connections",
    "clinic.prescriptions.messages",
    "clinic.prescriptions.panel",
    "clinic.prescriptions.timeline",
    "clinic.notifications.sweep",
    "clinic.notifications.texts.trial_mail",
    "clinic.notifications.broadcasts",
    "clinic.imports.sweep",
    "clinic.records.sweep",
    "clinic.records.timeline",
    "clinic.portal.closing",
    "clinic.encounters.papers_panel",
    "clinic.encounters.timeline",
    "clinic.encounters.vitals_timeline",
    "clinic.patients.health_timeline",
    "clinic.encounters.assessments.panel",
    "clinic.encounters.assessments.timeline",
    "clinic.desk.timeline_sources",
)
"""Modules with ``connect()``: they register message kinds, periodic work and signal handlers."""
BODY_LIMIT = 10 * 1024 * 1024

csrf = CSRFProtect()
compress = Compress()


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application. Settings come from the environment unless given. Raises ConfigurationError."""
    settings = settings or read_settings()
    logs.configure_logging(settings)
    app = Flask("clinic", root_path=str(ROOT), template_folder="templates", static_folder="static")
    _configure(app, settings)
    logs.init_request_log(app)
    security.init_security_headers(app, production=settings.is_production)
    init_i18n(app)
    init_assets(app, files_change=settings.is_development)
    for name in MODELS:
        import_module(f"clinic.{name}.models")
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), compare_type=True)
    init_queue(app, settings)
    init_files(app, settings)
    init_uploads(app)
    csrf.init_app(app)
    htmx.init_app(app)
    compress.init_app(app)
    _connect_domains(app, settings)
    init_error_pages(app)
    app.wsgi_app = _middleware(app, settings)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.extensions["settings"] = settings
    app.url_map.converters["id"] = IdConverter
    app.config.update(
        TESTING=settings.environment is Environment.TEST,
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=BODY_LIMIT,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        SESSION_COOKIE_NAME="__Host-sutra" if settings.is_production else "sutra",
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"],
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["facts"] = as_facts


def _engine_options(settings: Settings) -> dict[str, Any]:
    return {
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_overflow,
        "pool_timeout": 10,
        "pool_pre_ping": True,
        "hide_parameters": True,  # an error must not quote a patient's row in a log
        "connect_args": {"connect_timeout": 5, "application_name": "sutra"},
    }


def _connect_domains(app: Flask, settings: Settings) -> None:
    from clinic import cli
    from clinic.accounts.providers import init_providers
    from clinic.accounts.sessions import init_sessions
    from clinic.accounts.views.terms import init_terms
    from clinic.desk.emergency_views import init_emergency_banner
    from clinic.desk.navigation import init_navigation

    init_sessions(app)
    init_providers(app, settings)
    init_gate(app, staff_sign_in="accounts.sign_in", patient_sign_in="accounts.portal_sign_in")
    init_terms(app)
    limits.init_limits(app, settings)
    init_navigation(app)
    init_emergency_banner(app)
    for module in CONNECTIONS:
        import_module(module).connect()
    app.register_blueprint(health.bp)
    for name in BLUEPRINTS:
        for blueprint in import_module(f"clinic.{name}.views").blueprints:
            app.register_blueprint(blueprint)
    for blueprint in import_module("clinic.notifications.webhooks").blueprints:
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    for blueprint in import_module("clinic.scheduling.views.by_link").blueprints:
        # Its pages send no referrer, which the general check asks for: they check their token themselves.
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    if not settings.is_production:
        for blueprint in import_module("clinic.desk.development").blueprints:
            app.register_blueprint(blueprint)
    cli.register(app)


def _middleware(app: Flask, settings: Settings) -> Any:
    """Count as many proxies as configured, and serve static files without touching the application."""
    wsgi: Any = app.wsgi_app
    if settings.is_production:
        wsgi = WhiteNoise(wsgi, root=str(ROOT / "static"), prefix="static/", max_age=31_536_000)
    if settings.proxy_count:
        wsgi = ProxyFix(wsgi, x_for=settings.proxy_count, x_proto=settings.proxy_count, x_host=0)
    return wsgi
