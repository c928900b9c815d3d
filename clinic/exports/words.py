"""What happened, and what was chosen and said, in words for a record."""

from __future__ import annotations

from clinic.core.i18n import lazy as _l
from clinic.notifications.choosing import patients_kinds
from clinic.notifications.preferences import choice_of

_EVENTS = {
    "booked": _l("Booked"),
    "confirmed": _l("Confirmed"),
    "rejected": _l("Declined"),
    "arrived": _l("Arrived"),
    "started": _l("Started"),
    "completed": _l("Done"),
    "cancelled": _l("Cancelled"),
    "no_show": _l("Did not come"),
    "taken_back": _l("Last step taken back"),
    "undone": _l("Undone within the minute"),
    "follow_up": _l("Follow-up"),
    "follow_up_settled": _l("Follow-up settled"),
    "moved": _l("Moved"),
    "move_undone": _l("Move taken back"),
    "patient_coming": _l("The patient said that they will come"),
    "patient_not_coming": _l("The patient said that they will not come"),
}


def event_word(kind: str) -> str:
    """What is said of an event of this kind; kinds nobody knows are shown as they are kept."""
    return str(_EVENTS.get(kind) or kind.replace("_", " ").capitalize())


_MEANINGS = {
    "stop": _l("no more text messages"),
    "start": _l("text messages again"),
    "yes": _l("yes"),
    "no": _l("no"),
    "help": _l("asks for help"),
}


def meaning_word(meaning: str) -> str:
    """What a text message to the clinic was taken to say; empty where it was only read."""
    return str(_MEANINGS.get(meaning, ""))


def choice_word(choice: str) -> str:
    """What somebody chooses about, as the page of choices calls it."""
    names = {choice_of(kind): str(kind.label) for kind in patients_kinds()}
    return names.get(choice) or choice.replace("_", " ").capitalize()
