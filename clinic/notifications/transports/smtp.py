"""E-mail over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from clinic.config import Settings
from clinic.core import clock
from clinic.core.text import one_line
from clinic.notifications.transports.outcome import Accepted, NotTaken, Outcome, Outgoing, Refused, Unsure
from clinic.notifications.wording import Why

STEP_SECONDS = 8
"""Longest wait for one answer of the mail server."""
_BUSY = (421, 450, 451, 452)


def send_by_smtp(outgoing: Outgoing, settings: Settings) -> Outcome:
    """Hand one e-mail to the mail server.

    Until the text's last line is written nothing has happened and one may try again; from then on only the
    server's answer says what it did.
    """
    try:
        mail = compose(outgoing, settings)
    except (ValueError, IndexError, MessageError):
        return Refused(Why.BAD_ADDRESS)
    try:
        second = outgoing.provider == "smtp_2"
        server = _connect(urlsplit(settings.smtp_fallback_url if second else settings.smtp_url))
    except smtplib.SMTPAuthenticationError:
        return Refused(Why.SET_UP_WRONGLY)
    except (OSError, smtplib.SMTPException):
        return NotTaken(Why.PROVIDER_AWAY)
    try:
        return _deliver(server, mail, settings.mail_from, outgoing.address)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.putcmd("QUIT")
        server.close()


def compose(outgoing: Outgoing, settings: Settings) -> EmailMessage:
    """The mail with all its headers, each made by the library from one line of text.

    Raises ValueError, IndexError or MessageError for an address that is none.
    """
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    name, address = parseaddr(settings.mail_from)
    outgoing.address.encode("ascii")
    mail["From"] = Address(display_name=one_line(name), addr_spec=address)
    mail["To"] = Address(addr_spec=outgoing.address)
    mail["Subject"] = one_line(outgoing.subject)
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = make_msgid(
        f"{outgoing.message_id}.{outgoing.attempt}", domain=address.rpartition("@")[2] or "localhost"
    )
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(outgoing.text)
    if outgoing.html:
        mail.add_alternative(outgoing.html, subtype="html")
    for attachment in outgoing.attachments:
        kind, _slash, subtype = attachment.content_type.partition("/")
        mail.add_attachment(
            attachment.data, kind, subtype, filename=attachment.name, params=dict(attachment.parameters)
        )
    return mail


def _connect(url: SplitResult) -> smtplib.SMTP:
    """A session ready for a mail: encrypted wherever the server can, signed in where the address says so."""
    host = url.hostname or "localhost"
    context = ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=STEP_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=STEP_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()
        if url.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _deliver(server: smtplib.SMTP, mail: EmailMessage, sender: str, recipient: str) -> Outcome:
    try:
        for reply in (server.mail(parseaddr(sender)[1]), server.rcpt(recipient)):
            if reply[0] not in (250, 251):
                return _no(reply[0], recipient_refused=True)
        code, _text = server.docmd("DATA")
        if code != 354:
            return _no(code)
    except (OSError, smtplib.SMTPException):
        return NotTaken(Why.PROVIDER_AWAY)
    try:
        server.send(_dotted(mail.as_bytes()))
        code, _text = server.getreply()
    except (OSError, smtplib.SMTPException) as failure:
        silent = isinstance(failure, TimeoutError) or isinstance(failure.__context__, TimeoutError)
        return Unsure(Why.NO_ANSWER if silent else Why.BROKE_OFF)
    if code == 250:
        return Accepted(str(mail["Message-ID"]))
    return _no(code)


def _no(code: int, *, recipient_refused: bool = False) -> Outcome:
    """A definite no: 5xx is for good, 4xx and everything else (-1 for a line cut short) for now."""
    if 500 <= code < 600:
        return Refused(Why.BAD_ADDRESS if recipient_refused else Why.REFUSED)
    return NotTaken(Why.PROVIDER_BUSY if code in _BUSY else Why.PROVIDER_FAILED)


def _dotted(text: bytes) -> bytes:
    """The mail as the protocol wants it: CRLF line ends, leading dots doubled, a dot alone at the end."""
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"
