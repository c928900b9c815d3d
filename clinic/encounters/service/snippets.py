"""Words used again and again: written, changed, removed and brought back."""

from __future__ import annotations

import unicodedata

from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.encounters import snippet_queries as queries
from clinic.encounters.models import Snippet

LONGEST_WORD = 24
LONGEST_TEXT = 4000


def _taken() -> Conflict:
    return Conflict(_("There is a snippet with this word already."), field="word")


constraint_means("uq_snippets_owner_word", _taken)
constraint_means("uq_snippets_facility_word", _taken)


def write_snippet(
    actor: Actor, *, word: str, text: str, facility_id: int | None = None, snippet: Snippet | None = None
) -> Snippet:
    """Add a snippet, or change one: a person's own, or with ``facility_id`` the clinic's.

    Raises Forbidden, Invalid beside ``word`` or ``text``, and Conflict for a word that is taken.
    """
    if facility_id is not None and not queries.may_share(actor, facility_id):
        raise Forbidden(_("Whoever runs the clinic and its practitioners write snippets for everybody."))
    if actor.user_id is None:
        raise Forbidden(_("Only people have snippets."))
    if snippet is None:
        snippet = Snippet(created_by=actor.user_id)
        db.session.add(snippet)
    kept = {
        "owner_id": None if facility_id is not None else actor.user_id,
        "facility_id": facility_id,
        "word": read_word(word),
        "text": _read_text(text),
    }
    changed = [name for name, value in kept.items() if getattr(snippet, name) != value]
    for name in changed:
        setattr(snippet, name, kept[name])
    db.session.flush()
    if changed:
        _log(actor, "snippet.written", snippet, fields=changed)
    return snippet


def remove_snippet(actor: Actor, snippet: Snippet) -> None:
    """Take a snippet away; it can be brought back."""
    snippet.removed_at = clock.now()
    db.session.flush()
    _log(actor, "snippet.removed", snippet)


def bring_back(actor: Actor, snippet: Snippet) -> None:
    """Use a removed snippet again. Raises Conflict when its word is taken meanwhile."""
    snippet.removed_at = None
    db.session.flush()
    _log(actor, "snippet.brought_back", snippet)


def read_word(typed: str) -> str:
    """The word as it is kept: lower case, letters and digits, without the slash it is typed with."""
    word = unicodedata.normalize("NFC", clean(typed).strip().lstrip("/")).casefold()
    if not word:
        raise Invalid(_("Enter a short word."), field="word")
    if len(word) > LONGEST_WORD:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_WORD), field="word")
    if not all(_fits(letter) for letter in word):
        raise Invalid(_("Letters and digits only, without blanks."), field="word")
    return word


def _fits(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LMN" or letter in "-_"


def _read_text(typed: str) -> str:
    text = clean(typed).strip()
    if not text:
        raise Invalid(_("Write what it stands for."), field="text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_TEXT), field="text")
    return text


def _log(actor: Actor, action: str, snippet: Snippet, **detail: list[str]) -> None:
    """Write down what was done to a snippet: the names of what changed, never what it says."""
    record(
        actor,
        action,
        subject_type="snippet",
        subject_id=snippet.id,
        facility_id=snippet.facility_id,
        detail=detail,
    )
