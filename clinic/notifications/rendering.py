"""The text of a message, from fresh values, in its reader's language and the facility's time.

Where the clinic has written a text of its own it goes out, else the standard one from the template files. A
clinic's text that cannot be filled stops nothing: the standard one goes instead, and the log says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import current_app
from jinja2 import Template, TemplateNotFound
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError

from clinic.config import Settings
from clinic.core import crypto, phones
from clinic.core.i18n import force_locale
from clinic.core.text import one_line
from clinic.notifications.mail_look import IN_MAIL, ON_A_PAGE
from clinic.notifications.models import Channel, Message, MessageText, TextForm
from clinic.notifications.placeholders import Values
from clinic.notifications.registry import ALWAYS, Content, MessageKind, Opens, letterhead
from clinic.notifications.texts import language
from clinic.notifications.texts.queries import Place, standing_text
from clinic.notifications.transports.outcome import Outgoing

log = structlog.get_logger(__name__)
_LINK = re.compile(r"https?://\S+")
_FORMS = {Channel.SMS: TextForm.SMS, Channel.EMAIL: TextForm.EMAIL}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A text with its values. ``subject`` is a mail's, or a short text's title; ``html`` is a mail's."""

    text: str
    subject: str = ""
    html: str = ""


def render(message: Message, kind: MessageKind, content: Content, *, address: str) -> Outgoing:
    """The finished message. Raises what a template raises."""
    form = form_of(message.channel)
    place = Place(kind=kind.name, form=form, locale=message.locale, group_id=message.group_id)
    version = standing_text(place)
    with force_locale(message.locale):
        values = {
            **asdict(letterhead(message.facility_id)),
            **content.values,
            "zone": content.zone,
            "secret": crypto.unseal(message.secret) if message.secret else None,
            "link": public_link,
            "preferences_link": preferences_link(kind) if message.recipient_type == "patient" else "",
        }
        values["clinic_phone"] = phones.show(values["clinic_phone"])
        clinics = _own_or_none(version, kind, form, values) if version else None
        rendered = clinics or standard(kind, form, values)
    holds = version is not None and (clinics is not None or version.body is None)
    return Outgoing(
        message_id=message.id,
        attempt=message.attempts,
        kind=message.kind,
        channel=message.channel,
        address=address,
        attachments=content.attachments if form is TextForm.EMAIL else (),
        dlt_template_id=(version.dlt_template_id or "") if version is not None and holds else "",
        link=_path_to(kind.opens(message, content)),
        **asdict(rendered),
    )


def _path_to(page: Opens | None) -> str:
    """The page's address on this site; empty for none."""
    if page is None:
        return ""
    parts = urlsplit(public_link(page.endpoint, **page.values))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def form_of(channel: str) -> TextForm:
    """The form of text a channel carries."""
    return _FORMS.get(Channel(channel), TextForm.SHORT)


def standard(kind: MessageKind, form: str, values: Values, *, on_page: bool = False) -> Rendered:
    """The text of the template files. A short text falls back to what there is: the mail's subject, the SMS.

    A mail always has HTML; ``on_page`` makes it as part of a page. Raises what a template raises.
    """
    folder = kind.folder
    if form == TextForm.SMS:
        return Rendered(text=_text_message(_fill([f"{folder}/sms.txt"], values)))
    if form == TextForm.SHORT:
        title = _fill([f"{folder}/title.txt", f"{folder}/subject.txt"], values)
        short = _fill([f"{folder}/short.txt", f"{folder}/sms.txt", f"{folder}/body.txt"], values)
        return Rendered(subject=one_line(title), text=one_line(short))
    text = _paragraphs(_fill([f"{folder}/body.txt"], values))
    try:
        html = _dress(f"{folder}/body.html", values, on_page=on_page)
    except TemplateNotFound as missing:
        if missing.name != f"{folder}/body.html":
            raise
        html = _html_of(language.lay_out((language.Words(text),), {}), {}, values, on_page=on_page)
    return Rendered(subject=one_line(_fill([f"{folder}/subject.txt"], values)), text=text, html=html)


def _text_message(filled: str) -> str:
    """One line; but the line that tells browsers whose code it is (``@host #123456``) stays the last."""
    words, bound, rest = filled.rpartition("\n@")
    return f"{one_line(words)}\n@{one_line(rest)}" if bound else one_line(filled)


def own(
    kind: MessageKind, form: str, subject: str, body: str, values: Values, *, on_page: bool = False
) -> Rendered:
    """A text the clinic wrote, with its values. Raises Unreadable.

    In a mail a link alone in its line is a button, with its words before the address in the plain text.
    """
    filled = kind.fill(values)
    paragraphs = language.lay_out(language.parse(body, kind.all_placeholders), filled)
    if not paragraphs:
        raise language.Unreadable("nothing is left of the text")
    if form == TextForm.SMS:
        return Rendered(text=language.as_text(paragraphs))
    title = language.fill_line(language.parse(subject, kind.all_placeholders), filled)
    if form == TextForm.SHORT:
        return Rendered(subject=title, text=one_line(language.as_text(paragraphs)))
    buttons = {name: str(one.button) for name, one in kind.all_placeholders.items() if one.button}
    return Rendered(
        subject=title,
        text=_plain_of(paragraphs, buttons, values),
        html=_html_of(paragraphs, buttons, values, on_page=on_page),
    )


def as_mail(text: str, values: Values) -> Rendered:
    """Any text as a mail without a subject: plain, and in the mails' layout."""
    paragraphs = language.lay_out((language.Words(text),), {})
    return Rendered(text=text + "\n", html=_html_of(paragraphs, {}, values, on_page=False))


def _own_or_none(version: MessageText, kind: MessageKind, form: TextForm, values: Values) -> Rendered | None:
    if version.body is None or not kind.own_text_when(values):
        return None
    try:
        return own(kind, form, version.subject or "", version.body, values)
    except SQLAlchemyError:
        raise
    except Exception as failure:  # whatever is wrong with it, the message goes out
        log.error(
            "own_text_not_filled",
            kind=kind.name,
            form=str(form),
            locale=version.locale,
            version=version.number,
            error=type(failure).__name__,
        )
        return None


def _plain_of(paragraphs: Sequence[language.Paragraph], buttons: Mapping[str, str], values: Values) -> str:
    with_words = tuple(
        tuple(
            (language.Run(f"{words}: {address}"),) if (words, address) != ("", "") else line
            for line in paragraph
            for words, address in (_button_of(line, buttons),)
        )
        for paragraph in paragraphs
    )
    foot = _fill(["messages/_foot.txt"], values)
    return _paragraphs(f"{language.as_text(with_words)}\n\n{foot}")


def _html_of(
    paragraphs: Sequence[language.Paragraph], buttons: Mapping[str, str], values: Values, *, on_page: bool
) -> str:
    """Paragraphs as a mail. Rows of words and of buttons take turns; the first button is the filled one."""
    rows: list[tuple[str, list[Any]]] = []
    for paragraph in paragraphs:
        rows.append(("words", []))
        for line in paragraph:
            words, address = _button_of(line, buttons)
            what = "buttons" if address else "words"
            if rows[-1][0] != what:
                rows.append((what, []))
            rows[-1][1].append(
                (words, address) if address else _linked(language.words_of(line), on_page=on_page)
            )
    shown = [row for row in rows if row[1]]
    return _dress("messages/_written.html", {**values, "rows": shown}, on_page=on_page)


def _button_of(line: language.Line, buttons: Mapping[str, str]) -> tuple[str, str]:
    """Words and address of the link that is alone in a line; two empty strings where none is."""
    alone = [run for run in line if run.text.strip()]
    if len(alone) == 1 and alone[0].name in buttons and _LINK.fullmatch(alone[0].text):
        return buttons[alone[0].name], alone[0].text
    return "", ""


def _linked(text: str, *, on_page: bool) -> Markup:
    """A line of words; the addresses in it can be followed, but not from a preview."""
    line, at = Markup(""), 0
    look = ON_A_PAGE if on_page else IN_MAIL
    for found in _LINK.finditer(text):
        address = found.group().rstrip(".,;:!?)”\"'")
        href = Markup("") if on_page else Markup(' href="{}"').format(address)
        line += escape(text[at : found.start()])
        line += Markup("<a {}{}>{}</a>").format(look.link, href, address)
        at = found.start() + len(address)
    return line + escape(text[at:])


def _dress(template: str, values: Values, *, on_page: bool) -> str:
    look = ON_A_PAGE if on_page else IN_MAIL

    def to(address: str) -> Markup:
        return Markup("") if on_page else Markup('href="{}"').format(address)

    return _fill([template], {**values, "look": look, "on_page": on_page, "to": to})


def _fill(templates: list[str], values: Values) -> str:
    """The first of these templates there is. Nothing of a page comes into it: what surrounds pages needs a
    request.
    """
    found: Template = current_app.jinja_env.select_template(list(templates))
    return found.render(**values)


def _paragraphs(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def preferences_link(kind: MessageKind) -> str:
    """Where a patient chooses whether they get such messages; empty for what cannot be switched off."""
    return "" if kind.category in ALWAYS else public_link("portal.message_preferences")


def public_link(endpoint: str, **values: Any) -> str:
    """An address for a message: its host is configured, never taken from a request."""
    settings: Settings = current_app.extensions["settings"]
    scheme, _slashes, host = settings.public_url.partition("://")
    path = current_app.url_map.bind(host, url_scheme=scheme).build(endpoint, values, force_external=True)
    return str(path)
