"""Writing message texts: each change is a new version, and no version is ever changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean, one_line
from clinic.notifications.models import MessageText, TextForm
from clinic.notifications.registry import MessageKind
from clinic.notifications.texts import language, policy
from clinic.notifications.texts.queries import Place, get_version, standing_text

LONGEST = {TextForm.SMS: 1000, TextForm.EMAIL: 5000, TextForm.SHORT: 240}
"""Characters of a text, before its values come in."""
LONGEST_SUBJECT = {TextForm.EMAIL: 200, TextForm.SHORT: 80}
_DLT = re.compile(r"[0-9]{1,30}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A text as typed. ``subject`` is a mail's subject or a short text's title, of no use to an SMS."""

    body: str
    subject: str = ""
    dlt_template_id: str = ""


def tidy(form: str, draft: Draft) -> Draft:
    """The draft as it would be kept: line ends, blanks around it, a subject of one line."""
    return Draft(
        body=clean(draft.body).strip(),
        subject="" if form == TextForm.SMS else one_line(draft.subject),
        dlt_template_id=one_line(draft.dlt_template_id).replace(" ", "") if form == TextForm.SMS else "",
    )


def problems(kind: MessageKind, form: str, draft: Draft) -> dict[str, str]:
    """What is wrong with a tidy draft, in words, by field: ``subject``, ``body``, ``dlt_template_id``."""
    found = {"body": _wrong_body(kind, TextForm(form), draft.body)}
    if form != TextForm.SMS:
        found["subject"] = _wrong_subject(kind, TextForm(form), draft.subject)
    if draft.dlt_template_id and not _DLT.fullmatch(draft.dlt_template_id):
        found["dlt_template_id"] = _("A template id is a number of at most 30 digits.")
    return {field: words for field, words in found.items() if words}


def save(
    actor: Actor, kind: MessageKind, place: Place, draft: Draft, *, based_on: int | None = None
) -> MessageText:
    """Let a text hold from now on; the version that holds already, when it says the same.

    ``based_on`` is the number of the version that was read, 0 for none. Raises Forbidden, Invalid, or
    Conflict when somebody else was first.
    """
    draft = tidy(place.form, draft)
    for field, words in problems(kind, place.form, draft).items():
        raise Invalid(words, field=field)
    subject, template_id = draft.subject or None, draft.dlt_template_id or None
    return _add(
        actor, place, subject=subject, body=draft.body, dlt_template_id=template_id, based_on=based_on
    )


def use_standard(
    actor: Actor, place: Place, *, dlt_template_id: str = "", based_on: int | None = None
) -> MessageText:
    """Let the standard text hold again. Raises Forbidden, Invalid or Conflict."""
    template_id = one_line(dlt_template_id).replace(" ", "") or None
    if template_id and (place.form != TextForm.SMS or not _DLT.fullmatch(template_id)):
        raise Invalid(_("A template id is a number of at most 30 digits."), field="dlt_template_id")
    return _add(actor, place, subject=None, body=None, dlt_template_id=template_id, based_on=based_on)


def restore(actor: Actor, kind: MessageKind, place: Place, number: int) -> MessageText:
    """Let an earlier version hold again, as a new one. Raises NotFound, Forbidden, Invalid or Conflict."""
    old = get_version(place, number)
    if old.body is None:
        return use_standard(actor, place, dlt_template_id=old.dlt_template_id or "")
    draft = Draft(body=old.body, subject=old.subject or "", dlt_template_id=old.dlt_template_id or "")
    return save(actor, kind, place, draft)


def _add(
    actor: Actor,
    place: Place,
    *,
    subject: str | None,
    body: str | None,
    dlt_template_id: str | None,
    based_on: int | None,
) -> MessageText:
    if not policy.can_write(actor):
        raise Forbidden(_("Only an administrator changes the clinic's texts."))
    standing = standing_text(place)
    number = standing.number if standing else 0
    if based_on is not None and based_on != number:
        raise _changed_meanwhile()
    if standing and (standing.subject, standing.body, standing.dlt_template_id) == (
        subject,
        body,
        dlt_template_id,
    ):
        return standing
    row = MessageText(
        group_id=place.group_id,
        kind=place.kind,
        form=place.form,
        locale=place.locale,
        number=number + 1,
        subject=subject,
        body=body,
        dlt_template_id=dlt_template_id,
        created_by=actor.user_id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        actor,
        "message_text.changed",
        subject_type="message_text",
        subject_id=row.id,
        detail={
            "kind": place.kind,
            "form": str(place.form),
            "locale": place.locale,
            "version": row.number,
            "standard": body is None,
        },
    )
    return row


def _wrong_body(kind: MessageKind, form: TextForm, body: str) -> str:
    if not body:
        return _("Write the text.")
    if len(body) > LONGEST[form]:
        return _("At most %(max)d characters.", max=LONGEST[form])
    try:
        used = language.names_in(language.parse(body, kind.all_placeholders))
    except language.Unreadable as unreadable:
        return unreadable.message
    for one in kind.placeholders:
        if one.required and one.name not in used and form is not TextForm.SHORT:  # that one opens the page
            return _("Without {%(name)s} this message is of no use. Put it back in.", name=one.name)
    return ""


def _wrong_subject(kind: MessageKind, form: TextForm, subject: str) -> str:
    if not subject:
        return _("Write the subject.") if form is TextForm.EMAIL else _("Write the title.")
    if len(subject) > LONGEST_SUBJECT[form]:
        return _("At most %(max)d characters.", max=LONGEST_SUBJECT[form])
    try:
        language.parse(subject, kind.all_placeholders)
    except language.Unreadable as unreadable:
        return unreadable.message
    return ""


def _changed_meanwhile() -> Conflict:
    return Conflict(
        _("Somebody else has changed this text meanwhile. Look at their version below, then save again."),
        field="body",
    )


constraint_means("uq_message_texts_version", _changed_meanwhile)
