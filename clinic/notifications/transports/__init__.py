"""Ways out: the console, SMTP, Twilio. Each makes one try and says what became of it."""

from __future__ import annotations

from clinic.config import Settings
from clinic.notifications.models import Channel
from clinic.notifications.transports.console import show_on_console
from clinic.notifications.transports.outcome import Outcome, Outgoing
from clinic.notifications.transports.smtp import send_by_smtp
from clinic.notifications.transports.twilio_sms import send_by_twilio


def provider_of(channel: str, settings: Settings) -> str:
    """The name of the transport messages of a channel go through."""
    return settings.sms_transport if channel == Channel.SMS else settings.email_transport


def hand_over(outgoing: Outgoing, settings: Settings) -> Outcome:
    """Make one try. No database transaction may be open: it takes as long as the provider likes."""
    match provider_of(outgoing.channel, settings):
        case "twilio":
            return send_by_twilio(outgoing, settings)
        case "smtp":
            return send_by_smtp(outgoing, settings)
        case _:
            return show_on_console(outgoing)


__all__ = ["hand_over", "provider_of"]
