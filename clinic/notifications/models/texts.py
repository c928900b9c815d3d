"""Message texts a clinic has written itself, in place of the standard ones."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Key


class TextForm(StrEnum):
    """The shapes a message's text has: push and in-app messages share the short one."""

    SMS = "sms"
    EMAIL = "email"
    SHORT = "short"


class MessageText(Base, InGroup, Created):
    """One version of the text of a kind of message, in one form and language. A trigger refuses changes.

    The version with the highest ``number`` holds. Without ``body`` it says: the standard text again.
    ``subject`` is an e-mail's subject or a short text's title. ``dlt_template_id`` is what the text is
    registered under with the operators (India's rule for text messages); it may belong to the standard text.
    """

    __tablename__ = "message_texts"
    __table_args__ = (
        UniqueConstraint("group_id", "kind", "form", "locale", "number", name="uq_message_texts_version"),
        CheckConstraint("form IN ('sms', 'email', 'short')", name="form_known"),
        CheckConstraint("number >= 1", name="number_positive"),
        CheckConstraint("body <> '' AND length(body) <= 5000", name="body_written"),
        CheckConstraint(
            r"subject <> '' AND length(subject) <= 200 AND subject !~ '[\r\n]'", name="subject_one_line"
        ),
        CheckConstraint("(subject IS NULL) = (body IS NULL OR form = 'sms')", name="subject_with_its_text"),
        CheckConstraint(
            "dlt_template_id IS NULL OR dlt_template_id ~ '^[0-9]{1,30}$' AND form = 'sms'",
            name="dlt_template_id",
        ),
    )
    id: Mapped[Key]
    kind: Mapped[str]
    form: Mapped[str]
    locale: Mapped[str]
    number: Mapped[int]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    dlt_template_id: Mapped[str | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
