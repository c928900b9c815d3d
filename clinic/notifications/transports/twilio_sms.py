"""Text messages through Twilio."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

from clinic.config import Settings, SmsAccount
from clinic.notifications.transports.outcome import Accepted, NotTaken, Outcome, Outgoing, Refused, Unsure
from clinic.notifications.wording import Why

CONNECT_SECONDS, ANSWER_SECONDS = 5, 20
NEVER = {
    21211: Why.BAD_ADDRESS,
    21214: Why.BAD_ADDRESS,
    21217: Why.BAD_ADDRESS,
    21265: Why.BAD_ADDRESS,
    21408: Why.REFUSED,
    21610: Why.BLOCKED,
    21612: Why.REFUSED,
    21614: Why.NOT_A_MOBILE,
    30003: Why.SWITCHED_OFF,
    30004: Why.BLOCKED,
    30005: Why.BAD_ADDRESS,
    30006: Why.NOT_A_MOBILE,
    30007: Why.BLOCKED,
}
"""Twilio's error codes that mean the same however often one tries."""
_NEVER_CONNECTED = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)


class _OneTry(TwilioHttpClient):  # type: ignore[misc]
    """One request on a connection of its own, so that a broken one always belongs to this message.

    ``base`` stands in for Twilio's address where one is configured.
    """

    def __init__(self, base: str) -> None:
        super().__init__(pool_connections=False)
        self.timeout = (CONNECT_SECONDS, ANSWER_SECONDS)
        self.base = urlsplit(base) if base else None
        self.headers: dict[str, str] = {}

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        if self.base is not None:
            parts = urlsplit(url)
            url = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        options["timeout"] = None  # ours, not the library's default
        answer = super().request(method, url, *args, **options)
        self.headers = {str(name).lower(): str(value) for name, value in (answer.headers or {}).items()}
        return answer


def send_by_twilio(outgoing: Outgoing, settings: Settings) -> Outcome:
    """Ask Twilio, or the account that stands in for it, once to send a text message."""
    account = _account(outgoing.provider, settings)
    http = _OneTry(account.api_url)
    client = Client(account.sid, account.token, http_client=http)
    try:
        created = client.messages.create(
            to=outgoing.address,
            body=outgoing.text,
            status_callback=status_callback(outgoing, settings),
            **_sender(account.sender),
        )
    except TwilioRestException as failure:
        return _refusal(failure, http.headers.get("retry-after"))
    except requests.exceptions.ReadTimeout:
        return Unsure(Why.NO_ANSWER)
    except requests.exceptions.RequestException as failure:
        return NotTaken(Why.PROVIDER_AWAY) if _never_connected(failure) else Unsure(Why.BROKE_OFF)
    return Accepted(created.sid)


def _account(provider: str, settings: Settings) -> SmsAccount:
    if provider == "twilio_2" and settings.sms_fallback is not None:
        return settings.sms_fallback
    return SmsAccount(
        sid=settings.twilio_account_sid,
        token=settings.twilio_auth_token,
        sender=settings.twilio_from,
        api_url=settings.twilio_api_url,
    )


def status_callback(outgoing: Outgoing, settings: Settings) -> str:
    """Where Twilio reports to. It names row and try, because after a time-out nothing else is known."""
    query = urlencode({"message": outgoing.message_id, "attempt": outgoing.attempt})
    return f"{settings.public_url}/webhooks/twilio/status?{query}"


def _sender(sender: str) -> dict[str, str]:
    return {"messaging_service_sid": sender} if re.fullmatch(r"MG[0-9a-f]{32}", sender) else {"from_": sender}


def _never_connected(failure: requests.exceptions.RequestException) -> bool:
    """Whether nothing can have reached Twilio: no address found, refused, or no safe channel agreed on."""
    if isinstance(failure, _NEVER_CONNECTED):
        return True
    cause = failure.args[0] if failure.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError)


def _refusal(failure: TwilioRestException, retry_after: str | None) -> Outcome:
    """An answer that says no. Only 500 and 503 are Twilio's own no; a gateway's 502 or 504 says nothing."""
    match failure.status:
        case 429:
            return NotTaken(Why.PROVIDER_BUSY, _seconds(retry_after))
        case 500 | 503:
            return NotTaken(Why.PROVIDER_FAILED, _seconds(retry_after))
        case 401 | 403 | 404:
            return Refused(NEVER.get(failure.code or 0, Why.SET_UP_WRONGLY))
        case status if 400 <= status < 500:
            return Refused(NEVER.get(failure.code or 0, Why.REFUSED))
        case _:
            return Unsure(Why.BROKE_OFF)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None
