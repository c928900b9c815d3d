"""How consents are told: what they are for, where somebody stands, what a withdrawal leads to."""

from __future__ import annotations

from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import locale_tag
from clinic.patients.models import Consent, ConsentVersion, Purpose

PURPOSES = (
    (Purpose.TREATMENT, _l("Examination and treatment")),
    (Purpose.DATA_USE, _l("Keeping and using data")),
    (Purpose.FAMILY, _l("Speaking with the family")),
    (Purpose.NEWS, _l("News and offers")),
    (Purpose.PHOTOGRAPHY, _l("Photographs")),
    (Purpose.RESEARCH, _l("Research and teaching")),
    (Purpose.OTHER, _l("Something else")),
)


def title_of(version: ConsentVersion, locale: str = "") -> str:
    """A version's title in that language, the reader's if none is given."""
    return version.title_hi if (locale or locale_tag()) == "hi" else version.title


def body_of(version: ConsentVersion, locale: str = "") -> str:
    """A version's words in that language, the reader's if none is given."""
    return version.body_hi if (locale or locale_tag()) == "hi" else version.body


def state_word(state: str) -> str:
    """Where a patient stands with a kind."""
    return {
        "given": _("Signed"),
        "missing": _("Not signed"),
        "outdated": _("New text, asked again"),
        "run_out": _("Has run out"),
        "withdrawn": _("Withdrawn"),
    }[state]


def state_tone(state: str) -> str:
    """The tone of that word."""
    return {"given": "leaf", "missing": "warn", "outdated": "warn", "run_out": "warn", "withdrawn": "plain"}[
        state
    ]


def how_signed(consent: Consent) -> str:
    """``Name typed, in the portal``."""
    drawn = consent.method == "drawn"
    if consent.via == "portal":
        return _("drawn by hand, in the portal") if drawn else _("name typed, in the portal")
    if drawn:
        return _("drawn by hand at the clinic, with %(name)s beside", name=consent.witness_name)
    return _("name typed at the clinic, with %(name)s beside", name=consent.witness_name)


def what_follows(purpose: str) -> str:
    """What a withdrawal leads to, in the patient's words."""
    return {
        Purpose.TREATMENT: _(
            "From now on the clinic does not treat you until you sign again. Visits that are booked stay"
            " booked;"
            " cancel them if you do not want to come."
        ),
        Purpose.DATA_USE: _(
            "The clinic keeps only what the law demands, and cannot treat you any further until you sign"
            " again."
        ),
        Purpose.FAMILY: _("From now on the clinic speaks with you alone, except in an emergency."),
        Purpose.NEWS: _("No more news and offers. Messages about your own visits go on."),
        Purpose.PHOTOGRAPHY: _(
            "No more photographs are taken. Those that are part of your record stay in it."
        ),
        Purpose.RESEARCH: _(
            "Your record is no longer used for research and teaching. What was published before cannot"
            " be taken"
            " back."
        ),
    }.get(Purpose(purpose), _("From now on this no longer holds. What was done before stays as it was."))
