"""The rules that check prescriptions, changed by the clinic: what is looked for, for whom, how strictly."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.prescriptions.models import PrescriptionRule
from clinic.prescriptions.models.lists import CONDITIONS
from clinic.prescriptions.words import KALPANAS

LISTS = ("words", "words_with", "unless", "patient_words")
LONGEST_MESSAGE, LONGEST_WORD, MOST_WORDS = 300, 80, 60
MAY_RULE = frozenset({Role.PRACTITIONER, Role.ADMIN})


def save_rule(actor: Actor, rule: PrescriptionRule | None, values: Mapping[str, Any], *, version: int) -> int:
    """Change a rule over the ``version`` that the page showed, or add one; its id.

    ``values`` are the columns as ``read_rule_values`` gives them. Raises Forbidden, Invalid beside its field,
    and Conflict when somebody else changed it first.
    """
    if not actor.has(*MAY_RULE):
        raise Forbidden(_("Only practitioners and administrators change these rules."))
    _check(values)
    kept = dict(values) | {"changed_at": clock.now(), "changed_by": actor.user_id}
    if rule is None:
        added = PrescriptionRule(code=f"own_{secrets.token_hex(4)}", **kept)
        db.session.add(added)
        db.session.flush()
        rule_id = added.id
    else:
        changed = db.session.scalar(
            update(PrescriptionRule)
            .where(PrescriptionRule.id == rule.id, PrescriptionRule.version == version)
            .values(version=PrescriptionRule.version + 1, **kept)
            .returning(PrescriptionRule.id)
            .execution_options(synchronize_session=False)
        )
        if changed is None:
            raise Conflict(_("Somebody else changed this rule meanwhile. Look at it once more."))
        rule_id = changed
        db.session.expire(rule)
    record(
        actor,
        "prescription_rule.saved",
        subject_type="prescription_rule",
        subject_id=rule_id,
        detail={"level": values["level"], "active": values["active"]},
    )
    return rule_id


def read_rule_values(typed: Mapping[str, str], kalpanas: list[str]) -> dict[str, Any]:
    """The columns of a rule from its form; lists are typed one thing a line, or with commas."""
    condition = typed.get("condition", "")
    years = typed.get("years", "").strip()
    by_age = condition in ("younger", "older")
    return {
        "level": "block" if typed.get("level") == "block" else "warn",
        "condition": condition if condition in CONDITIONS else "always",
        "years": int(years) if by_age and years.isascii() and years.isdigit() and len(years) < 4 else None,
        "kalpanas": [code for code in kalpanas if code in KALPANAS],
        "message": one_line(typed.get("message", "")),
        "message_hi": one_line(typed.get("message_hi", "")),
        "active": typed.get("active") in ("y", "on"),
        **{name: _words(typed.get(name, "")) for name in LISTS},
    }


def _words(text: str) -> list[str]:
    words = (one_line(part) for line in text.splitlines() for part in line.split(","))
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in words if word))[:MOST_WORDS]


def _check(values: Mapping[str, Any]) -> None:
    if not values["message"]:
        raise Invalid(_("Write what the practitioner is to be told."), field="message")
    for name in ("message", "message_hi"):
        if len(values[name]) > LONGEST_MESSAGE:
            raise Invalid(_("At most %(count)s characters.", count=LONGEST_MESSAGE), field=name)
    if (
        values["condition"] in ("younger", "older")
        and not 0 <= (values["years"] if values["years"] is not None else -1) <= 120
    ):
        raise Invalid(_("Write the age in years."), field="years")
    if values["condition"] == "condition" and not values["patient_words"]:
        raise Invalid(_("Write what the illness is called."), field="patient_words")
    if not values["kalpanas"] and not values["words"]:
        raise Invalid(_("Say which medicines are meant: by kalpana, or by words."), field="words")
