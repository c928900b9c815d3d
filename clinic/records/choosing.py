"""Files chosen in a form that books: looked over at once, kept until the form is sent."""

from __future__ import annotations

from collections.abc import Sequence

from clinic.core.access import Actor
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.records import keeping, uploads
from clinic.records.receiving import Sent, look_and_scan
from clinic.records.service import pending
from clinic.records.wording import BOOKING_KINDS

PICTURES = ("image/jpeg", "image/png", "image/apng")


def choose(actor: Actor, form_key: str, sent: Sequence[Sent], kind: str) -> list[tuple[str, str]]:
    """Keep files under the form's key; of each that is not taken, its name and what is wrong with it."""
    refused: list[tuple[str, str]] = []
    kind = kind if kind in dict(BOOKING_KINDS) else BOOKING_KINDS[0][0]
    for number, one in enumerate(sent):
        name = uploads.clean_name(one.name)
        if number >= uploads.MOST_ON_A_BOOKING:
            refused.append((name, _("A booking takes at most %(max)s files.", max=uploads.MOST_ON_A_BOOKING)))
            continue
        try:
            looked = look_and_scan(one, pictures=PICTURES)
            with keeping.put([looked]) as files, unit_of_work():
                pending.keep(actor, form_key, files, kind)
        except (Invalid, Conflict) as refusal:
            refused.append((name, refusal.message))
        except DomainError as failure:
            refused.append((name, failure.message))
            break
    return refused


def let_go(actor: Actor, form_key: str, upload_id: int) -> None:
    """Take one away again, with its file."""
    with unit_of_work():
        stem = pending.let_go(actor, form_key, upload_id)
    if stem is not None:
        keeping.forget([stem])
