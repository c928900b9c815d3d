"""Settings, read strictly from the environment: a wrong value stops the start with a sentence."""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.fernet import Fernet


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


GOOGLE, GITHUB, GITHUB_API = "https://accounts.google.com", "https://github.com", "https://api.github.com"


class ConfigurationError(Exception):
    """A setting is missing or makes no sense; the text says which one and what to do."""


@dataclass(frozen=True, kw_only=True)
class SmsAccount:
    """An account at Twilio, or at a service that speaks as Twilio does. ``api_url`` empty is Twilio's own."""

    sid: str
    token: str = field(repr=False)
    sender: str
    api_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between one installation and the next."""

    environment: Environment
    secret_key: str
    field_keys: tuple[str, ...]
    audit_keys: tuple[str, ...] = field(repr=False)
    database_url: str
    redis_url: str
    public_url: str
    proxy_count: int = 0
    pool_size: int = 5
    pool_overflow: int = 5
    log_level: str = "INFO"
    sms_transport: str = "console"
    email_transport: str = "console"
    sms_countries: tuple[str, ...] = ("91",)
    sms_per_day: int = 2000
    retention_years: int = 3
    emergency_minutes: int = 60
    migration_database_url: str = field(default="", repr=False)
    twilio_account_sid: str = ""
    twilio_auth_token: str = field(default="", repr=False)
    twilio_from: str = ""
    twilio_api_url: str = ""
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    sms_fallback: SmsAccount | None = None
    smtp_fallback_url: str = field(default="", repr=False)
    sms_price_paise: int = 0
    sms_fallback_price_paise: int = 0
    sms_ceiling_rupees: int = 0
    google_client_id: str = ""
    google_client_secret: str = field(default="", repr=False)
    google_issuer_url: str = GOOGLE
    github_client_id: str = ""
    github_client_secret: str = field(default="", repr=False)
    github_url: str = GITHUB
    github_api_url: str = GITHUB_API
    vapid_private_key: str = field(default="", repr=False)
    vapid_subject: str = ""
    push_hosts: tuple[str, ...] = ()
    files_dir: str = ""
    files_bucket: str = ""
    files_endpoint: str = ""
    files_region: str = ""
    scan_clamd: str = ""
    scan_command: str = ""

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def is_development(self) -> bool:
        return self.environment is Environment.DEVELOPMENT


def sqlalchemy_url(url: str) -> str:
    """Name the driver: SQLAlchemy takes a bare ``postgresql://`` for psycopg 3, hosts hand out ``postgres://``."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg2://" + url.removeprefix(prefix)
    return url


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (the process's by default).

    Raises ConfigurationError with a sentence for the first setting that is missing or wrong.
    """
    env = os.environ if environ is None else environ
    environment = _choice(env, "SUTRA_ENV", tuple(Environment), default=Environment.PRODUCTION)
    production = environment == Environment.PRODUCTION
    settings = Settings(
        environment=Environment(environment),
        secret_key=_secret(env),
        field_keys=_field_keys(env),
        audit_keys=_audit_keys(env, production=production),
        database_url=_database_url(env),
        redis_url=_redis_url(env),
        public_url=_public_url(env, production=production),
        proxy_count=_whole(env, "PROXY_COUNT", default=0, low=0, high=5),
        pool_size=_whole(env, "DB_POOL_SIZE", default=5, low=1, high=100),
        pool_overflow=_whole(env, "DB_POOL_OVERFLOW", default=5, low=0, high=100),
        log_level=_choice(env, "LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
        sms_transport=_choice(env, "SMS_TRANSPORT", ("console", "twilio"), default="console"),
        email_transport=_choice(env, "EMAIL_TRANSPORT", ("console", "smtp"), default="console"),
        sms_countries=_countries(env),
        sms_per_day=_whole(env, "SMS_PER_DAY", default=2000, low=1, high=1_000_000),
        retention_years=_whole(env, "RETENTION_YEARS", default=3, low=1, high=100),
        emergency_minutes=_whole(env, "EMERGENCY_MINUTES", default=60, low=5, high=480),
        migration_database_url=_migration_database_url(env),
        twilio_account_sid=env.get("TWILIO_ACCOUNT_SID", ""),
        twilio_auth_token=env.get("TWILIO_AUTH_TOKEN", ""),
        twilio_from=env.get("TWILIO_FROM", ""),
        twilio_api_url=_twilio_api_url(env, production=production),
        smtp_url=env.get("SMTP_URL", ""),
        mail_from=env.get("MAIL_FROM", ""),
        google_client_id=env.get("GOOGLE_CLIENT_ID", "").strip(),
        google_client_secret=env.get("GOOGLE_CLIENT_SECRET", "").strip(),
        google_issuer_url=_stand_in(env, "GOOGLE_ISSUER_URL", GOOGLE, production=production),
        github_client_id=env.get("GITHUB_CLIENT_ID", "").strip(),
        github_client_secret=env.get("GITHUB_CLIENT_SECRET", "").strip(),
        github_url=_stand_in(env, "GITHUB_URL", GITHUB, production=production),
        github_api_url=_stand_in(env, "GITHUB_API_URL", GITHUB_API, production=production),
        vapid_private_key=_vapid_private_key(env),
        vapid_subject=_vapid_subject(env),
        push_hosts=tuple(env.get("PUSH_HOSTS", "").replace(",", " ").lower().split()),
        sms_fallback=_sms_fallback(env, production=production),
        **_files(env, production=production),
        smtp_fallback_url=_smtp_fallback_url(env),
        sms_price_paise=_whole(env, "SMS_PRICE_PAISE", default=0, low=0, high=100_000),
        sms_fallback_price_paise=_whole(
            env,
            "SMS_FALLBACK_PRICE_PAISE",
            default=_whole(env, "SMS_PRICE_PAISE", default=0, low=0, high=100_000),
            low=0,
            high=100_000,
        ),
        sms_ceiling_rupees=_whole(env, "SMS_CEILING_RUPEES", default=0, low=0, high=100_000_000),
    )
    _check_transports(settings)
    _check_providers(settings)
    if bool(settings.vapid_private_key) != bool(settings.vapid_subject):
        missing = "VAPID_SUBJECT" if settings.vapid_private_key else "VAPID_PRIVATE_KEY"
        raise ConfigurationError(f"{missing} is not set; notices on phones need both, or neither.")
    return settings


def _required(env: Mapping[str, str], name: str, hint: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"{name} is not set. {hint}")
    return value


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...], *, default: str) -> str:
    value = env.get(name, "").strip() or str(default)
    if value not in choices:
        raise ConfigurationError(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def _whole(env: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    text = env.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise ConfigurationError(f"{name} is {text!r}; it must be a whole number from {low} to {high}.")
    return int(text)


def _secret(env: Mapping[str, str]) -> str:
    secret = _required(env, "SECRET_KEY", "Set it to at least 32 random characters.")
    if len(secret) < 32 or len(set(secret)) < 8:
        raise ConfigurationError(
            "SECRET_KEY is too short or too regular; it needs at least 32 random characters."
        )
    return secret


def _field_keys(env: Mapping[str, str]) -> tuple[str, ...]:
    text = _required(
        env, "FIELD_KEYS", "Set it to one or more Fernet keys, newest first, separated by commas."
    )
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError as error:
            raise ConfigurationError(f"Key {position} in FIELD_KEYS is not a Fernet key: {error}") from None
    return keys


def _audit_keys(env: Mapping[str, str], *, production: bool) -> tuple[str, ...]:
    """What the audit is sealed with, newest first. Outside production it may be left to the secret key."""
    if not production and not env.get("AUDIT_KEYS", "").strip():
        return (f"audit {_secret(env)}",)
    text = _required(
        env, "AUDIT_KEYS", "Set it to one or more keys of at least 32 random characters, newest first."
    )
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    for position, key in enumerate(keys, start=1):
        if len(key) < 32 or len(set(key)) < 8:
            raise ConfigurationError(
                f"Key {position} in AUDIT_KEYS is too short or too regular; "
                "it needs at least 32 random characters."
            )
        if key in (_secret(env), *_field_keys(env)):
            raise ConfigurationError(
                f"Key {position} in AUDIT_KEYS is used for something else too; it must be one of its own."
            )
    return keys


def _migration_database_url(env: Mapping[str, str]) -> str:
    """The database as the owner of its tables reaches it, where the application itself does not own them."""
    url = sqlalchemy_url(env.get("MIGRATION_DATABASE_URL", "").strip())
    if url and not url.startswith("postgresql+psycopg2://"):
        raise ConfigurationError("MIGRATION_DATABASE_URL must begin with postgresql:// or postgres://.")
    return url


def _database_url(env: Mapping[str, str]) -> str:
    url = sqlalchemy_url(_required(env, "DATABASE_URL", "Set it to a Postgres 15 or newer database."))
    if not url.startswith("postgresql+psycopg2://"):
        raise ConfigurationError("DATABASE_URL must begin with postgresql:// or postgres://.")
    return url


def _redis_url(env: Mapping[str, str]) -> str:
    url = _required(env, "REDIS_URL", "Set it to a Redis 7 or Valkey server.")
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigurationError("REDIS_URL must begin with redis://, rediss:// or unix://.")
    return url


def _public_url(env: Mapping[str, str], *, production: bool) -> str:
    url = _required(env, "PUBLIC_URL", "Set it to the address people open, such as https://clinic.example.")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ConfigurationError(
            "PUBLIC_URL must be an address without a path, such as https://clinic.example."
        )
    if production and parts.scheme != "https":
        raise ConfigurationError("PUBLIC_URL must begin with https:// in production.")
    return url.rstrip("/")


def _countries(env: Mapping[str, str]) -> tuple[str, ...]:
    text = env.get("SMS_COUNTRIES", "").strip() or "91"
    codes = tuple(code.strip().lstrip("+") for code in text.split(","))
    if not all(code.isascii() and code.isdigit() and len(code) <= 3 for code in codes):
        raise ConfigurationError("SMS_COUNTRIES must list calling codes, such as 91,44.")
    return codes


def _twilio_api_url(env: Mapping[str, str], *, production: bool) -> str:
    """Another address for Twilio's API: a region of theirs, or a stand-in on this machine."""
    url = env.get("TWILIO_API_URL", "").strip().rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ConfigurationError(
            "TWILIO_API_URL must be an address, such as https://api.dublin.ie1.twilio.com."
        )
    if url and production and parts.scheme != "https":
        raise ConfigurationError("TWILIO_API_URL must begin with https:// in production.")
    return url


def _sms_fallback(env: Mapping[str, str], *, production: bool) -> SmsAccount | None:
    """The account that sends text messages while the first one fails, as one address."""
    url = env.get("SMS_FALLBACK", "").strip()
    if not url:
        return None
    parts = urlsplit(url)
    sender = parse_qs(parts.query).get("from", [""])[0].strip()
    if (
        parts.scheme not in ("http", "https")
        or not (parts.hostname and parts.username and parts.password and sender)
        or (production and parts.scheme != "https")
    ):
        raise ConfigurationError(
            "SMS_FALLBACK must name account, token, host and sender, such as "
            "https://AC123:token@api.twilio.com?from=%2B15005550006."
        )
    host = parts.netloc.rpartition("@")[2]
    return SmsAccount(
        sid=unquote(parts.username),
        token=unquote(parts.password),
        sender=sender,
        api_url=f"{parts.scheme}://{host}",
    )


def _smtp_fallback_url(env: Mapping[str, str]) -> str:
    url = env.get("SMTP_FALLBACK_URL", "").strip()
    parts = urlsplit(url)
    if url and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
        raise ConfigurationError(
            "SMTP_FALLBACK_URL must be the address of a mail server, such as smtps://name:word@mail.example."
        )
    return url


def _files(env: Mapping[str, str], *, production: bool) -> dict[str, str]:
    """Where uploaded files are kept, and what looks them over for viruses."""
    names = ("FILES_DIR", "FILES_BUCKET", "FILES_ENDPOINT", "FILES_REGION", "SCAN_CLAMD", "SCAN_COMMAND")
    found = {name.lower(): env.get(name, "").strip() for name in names}
    if found["files_dir"] and found["files_bucket"]:
        raise ConfigurationError("FILES_DIR and FILES_BUCKET are both set; files are kept in one place.")
    if not (found["files_dir"] or found["files_bucket"]):
        if production:
            raise ConfigurationError(
                "FILES_BUCKET is not set. Set it to the bucket that keeps uploaded files, or FILES_DIR to a "
                "folder of this machine that outlives a new version."
            )
        found["files_dir"] = "var/files"
    if production and found["files_dir"] and not found["files_dir"].startswith("/"):
        raise ConfigurationError("FILES_DIR must be a whole path, such as /srv/sutra/files, in production.")
    parts = urlsplit(found["files_endpoint"])
    if found["files_endpoint"] and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ConfigurationError("FILES_ENDPOINT must be an address, such as https://s3.example.")
    if found["scan_clamd"] and found["scan_command"]:
        raise ConfigurationError("SCAN_CLAMD and SCAN_COMMAND are both set; one of them scans files.")
    if found["scan_clamd"] and not re.fullmatch(r"/\S+|\[?[\w.:-]+\]?:\d{1,5}", found["scan_clamd"]):
        raise ConfigurationError(
            "SCAN_CLAMD must name a host and port or a socket, such as 127.0.0.1:3310 or /run/clamd.sock."
        )
    return found


def _check_transports(settings: Settings) -> None:
    if settings.is_production and "console" in (settings.sms_transport, settings.email_transport):
        raise ConfigurationError(
            "SMS_TRANSPORT must be twilio and EMAIL_TRANSPORT smtp in production: "
            "the console shows codes to anybody."
        )
    if settings.sms_ceiling_rupees and not settings.sms_price_paise:
        raise ConfigurationError(
            "SMS_PRICE_PAISE is not set, and SMS_CEILING_RUPEES is: say what a text message costs."
        )
    if settings.sms_transport == "twilio":
        for name in ("twilio_account_sid", "twilio_auth_token", "twilio_from"):
            if not getattr(settings, name):
                raise ConfigurationError(f"{name.upper()} is not set, and SMS_TRANSPORT is twilio.")
    if settings.email_transport == "smtp":
        for name in ("smtp_url", "mail_from"):
            if not getattr(settings, name):
                raise ConfigurationError(f"{name.upper()} is not set, and EMAIL_TRANSPORT is smtp.")


def _stand_in(env: Mapping[str, str], name: str, usual: str, *, production: bool) -> str:
    """Another address for a provider of sign-ins: a stand-in on this machine, for trying things out."""
    url = env.get(name, "").strip().rstrip("/")
    if not url or url == usual:
        return usual
    if production:
        raise ConfigurationError(
            f"{name} names a stand-in; leave it empty in production, where it is {usual}."
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must be an address, such as {usual}.")
    return url


def _check_providers(settings: Settings) -> None:
    """An id without its secret, or the other way round, would be a button that leads nowhere."""
    for name in ("google", "github"):
        pair = {part: getattr(settings, f"{name}_client_{part}") for part in ("id", "secret")}
        if bool(pair["id"]) != bool(pair["secret"]):
            given, missing = ("id", "secret") if pair["id"] else ("secret", "id")
            prefix = f"{name.upper()}_CLIENT_"
            raise ConfigurationError(f"{prefix}{missing.upper()} is not set, and {prefix}{given.upper()} is.")


def _vapid_private_key(env: Mapping[str, str]) -> str:
    """The key with which this clinic signs what it sends to push services: 32 bytes, base64url."""
    text = env.get("VAPID_PRIVATE_KEY", "").strip().rstrip("=")
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b"?"
    if text and len(raw) != 32:
        raise ConfigurationError("VAPID_PRIVATE_KEY is no such key; `flask vapid-key` makes one.")
    return text


def _vapid_subject(env: Mapping[str, str]) -> str:
    """Whom a push service may write to when something is wrong."""
    text = env.get("VAPID_SUBJECT", "").strip()
    if text and not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+|https://[^\s/]+\.[^\s]+", text):
        raise ConfigurationError(
            "VAPID_SUBJECT must be like mailto:it@clinic.example or https://clinic.example."
        )
    return text
