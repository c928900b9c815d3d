"""Ways out: console, SMTP, Twilio, push, this site's inboxes. Each makes one try and says how it ended."""

from __future__ import annotations

from clinic.config import Settings
from clinic.notifications.models import Channel
from clinic.notifications.transports.console import show_on_console
from clinic.notifications.transports.in_app import put_into_inbox
from clinic.notifications.transports.outcome import Outcome, Outgoing
from clinic.notifications.transports.push import send_by_push
from clinic.notifications.transports.smtp import send_by_smtp
from clinic.notifications.transports.twilio_sms import send_by_twilio


def providers_of(channel: str, settings: Settings) -> tuple[str, ...]:
    """The providers a channel's messages go through, the first choice first. Two at the most."""
    match channel:
        case Channel.SMS:
            second = settings.sms_fallback is not None and settings.sms_transport == "twilio"
            return ("twilio", "twilio_2") if second else (settings.sms_transport,)
        case Channel.EMAIL:
            second = bool(settings.smtp_fallback_url) and settings.email_transport == "smtp"
            return ("smtp", "smtp_2") if second else (settings.email_transport,)
        case _:
            return (channel,)


def hand_over(outgoing: Outgoing, settings: Settings) -> Outcome:
    """Make one try. No database transaction may be open: it takes as long as the provider likes."""
    match outgoing.provider or providers_of(outgoing.channel, settings)[0]:
        case "twilio" | "twilio_2":
            return send_by_twilio(outgoing, settings)
        case "smtp" | "smtp_2":
            return send_by_smtp(outgoing, settings)
        case Channel.IN_APP:
            return put_into_inbox(outgoing)
        case Channel.PUSH:
            return send_by_push(outgoing, settings)
        case _:
            return show_on_console(outgoing)


__all__ = ["hand_over", "providers_of"]
