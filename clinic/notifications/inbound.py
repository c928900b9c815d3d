"""Text messages that people send to the clinic: read, taken once, answered a few times at the most."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.db import db
from clinic.core.text import one_line
from clinic.notifications import preferences
from clinic.notifications.models import InboundMessage, Meaning, Reply
from clinic.notifications.service import queue_message

REPLY_KIND = "sms_reply"
SUBJECT = "inbound_message"
PER_HOUR, PER_DAY = 5, 12
"""So many answers a mobile gets: two machines that answer each other soon stop."""
REPLY_LASTS = timedelta(minutes=30)
LONGEST = 1600
_WORDS = {
    Meaning.STOP: {"stop", "stopall", "unsubscribe", "end", "quit", "optout", "बंद", "बन्द", "रोकें", "बंद करें"},
    Meaning.START: {"start", "unstop", "चालू", "शुरू", "चालू करें"},
    Meaning.HELP: {"help", "info", "मदद", "सहायता"},
    Meaning.YES: {
        "yes",
        "y",
        "yes please",
        "ok",
        "1",
        "१",
        "haan",
        "han",
        "ha",
        "हाँ",
        "हां",
        "हा",
        "जी",
        "जी हाँ",
        "जी हां",
    },
    Meaning.NO: {"no", "n", "0", "2", "२", "nahi", "nahin", "नहीं", "नही", "जी नहीं"},
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a yes or no was taken to be about; ``locale`` is the reader's language."""

    patient_id: int | None = None
    facility_id: int | None = None
    subject_id: int | None = None
    locale: str = "en"
    reply: Reply = Reply.WHICH


Answered = Callable[[str, bool], Question]
Known = Callable[[str], Question]
_answered: list[Answered] = []
_known: list[Known] = []


def register_conversation(*, known: Known, answered: Answered) -> None:
    """Say who a mobile belongs to (``known(mobile)``), and what a yes or no from it does
    (``answered(mobile, yes)``, in the caller's transaction).
    """
    _known[:], _answered[:] = [known], [answered]


def read_meaning(body: str) -> Meaning:
    """What a text message says, by its words alone; anything longer than those is for a person to read."""
    words = re.sub(r"[\s.!,;:…।\"'’“”()*-]+", " ", one_line(body)).strip().lower()
    return next((meaning for meaning, known in _WORDS.items() if words in known), Meaning.OTHER)


def take(*, provider_id: str, mobile: str, body: str, settled: str = "") -> InboundMessage | None:
    """Take a text message in, and do what it says; None when it was taken before.

    ``settled`` is STOP, START or HELP where the provider saw that itself and has answered. In the caller's
    transaction, so that a report repeated meanwhile waits for this one.
    """
    text = body.replace("\x00", "")[:LONGEST]
    meaning = read_meaning(settled or text)
    row = db.session.scalars(
        insert(InboundMessage)
        .values(provider_id=provider_id, mobile=mobile, body=text, meaning=meaning, created_at=clock.now())
        .on_conflict_do_nothing(constraint="uq_inbound_messages_provider_id")
        .returning(InboundMessage)
    ).first()
    if row is None:
        return None
    question = _act(mobile, meaning)
    row.patient_id, row.facility_id = question.patient_id, question.facility_id
    row.subject_id = question.subject_id
    nobody_knows = meaning in (Meaning.YES, Meaning.NO) and question.reply is Reply.WHICH
    if meaning is not Meaning.OTHER and not nobody_knows:
        row.done_at = clock.now()
    if meaning is not Meaning.OTHER and not settled and _may_answer(mobile):
        row.reply = question.reply
        db.session.flush()
        _answer(row, question)
    db.session.flush()
    return row


def _act(mobile: str, meaning: Meaning) -> Question:
    if meaning in (Meaning.YES, Meaning.NO):
        return _answered[0](mobile, meaning is Meaning.YES) if _answered else Question()
    who = _known[0](mobile) if _known else Question()
    reply = {Meaning.STOP: Reply.STOPPED, Meaning.START: Reply.STARTED}.get(meaning, Reply.HELP)
    if meaning in (Meaning.STOP, Meaning.START):
        preferences.stop_texts(mobile, stopped=meaning is Meaning.STOP)
    return Question(patient_id=who.patient_id, facility_id=who.facility_id, locale=who.locale, reply=reply)


def _may_answer(mobile: str) -> bool:
    """Whether this mobile has had few answers so far."""
    now = clock.now()
    for most, within in ((PER_HOUR, timedelta(hours=1)), (PER_DAY, timedelta(days=1))):
        count = db.session.scalar(
            select(func.count()).where(
                InboundMessage.mobile == mobile,
                InboundMessage.reply.is_not(None),
                InboundMessage.created_at > now - within,
            )
        )
        if (count or 0) >= most:
            return False
    return True


def _answer(row: InboundMessage, question: Question) -> None:
    queue_message(
        kind=REPLY_KIND,
        channel="sms",
        recipient_type="patient" if row.patient_id else "mobile",
        recipient_id=row.patient_id,
        address=row.mobile,
        subject_type=SUBJECT,
        subject_id=row.id,
        patient_id=row.patient_id,
        facility_id=row.facility_id,
        locale=question.locale,
        dedupe_key=f"{REPLY_KIND}:{row.id}",
        expires_at=clock.now() + REPLY_LASTS,
    )
