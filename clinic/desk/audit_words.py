"""What the audit's codes are called: ``patient.viewed`` is “Patient: viewed”."""

from __future__ import annotations

from typing import Any

from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l

NOUNS: dict[str, Any] = {
    "account": _l("Account"),
    "appointment": _l("Appointment"),
    "assessment": _l("Assessment"),
    "audit": _l("Audit"),
    "broadcast": _l("Message to many"),
    "calendar": _l("Calendar"),
    "calendar_feed": _l("Calendar elsewhere"),
    "care": _l("Care team"),
    "code": _l("One-time code"),
    "codes": _l("List of codes"),
    "consent": _l("Consent"),
    "consent_kind": _l("Kind of consent"),
    "consent_version": _l("Text of a consent"),
    "diagnosis": _l("Diagnosis"),
    "email": _l("E-mail address"),
    "emergency": _l("Emergency access"),
    "facility": _l("Clinic"),
    "guardian": _l("Guardian"),
    "health": _l("Health profile"),
    "hours": _l("Working hours"),
    "identity": _l("Sign-in with another account"),
    "import": _l("Import"),
    "intake": _l("Intake form"),
    "list": _l("List"),
    "medicine": _l("Medicine"),
    "message": _l("Message"),
    "note": _l("Note"),
    "note_template": _l("Template of notes"),
    "paper": _l("Paper"),
    "passkey": _l("Passkey"),
    "password": _l("Password"),
    "patient": _l("Patient"),
    "practitioner": _l("Practitioner"),
    "prakriti": _l("Prakriti"),
    "preferences": _l("Preferences"),
    "prescription": _l("Prescription"),
    "roles": _l("Roles"),
    "series": _l("Series"),
    "service": _l("Service"),
    "session": _l("Session"),
    "sign_in": _l("Sign-in"),
    "today": _l("Today"),
    "vitals": _l("Measurements"),
    "waitlist": _l("Waitlist"),
}
VERBS: dict[str, Any] = {
    "accepted": _l("accepted"),
    "added": _l("added"),
    "asked": _l("asked for"),
    "begun": _l("begun"),
    "booked": _l("booked"),
    "cancelled": _l("cancelled"),
    "changed": _l("changed"),
    "confirmed": _l("confirmed"),
    "corrected": _l("corrected"),
    "created": _l("made"),
    "deactivated": _l("switched off"),
    "discarded": _l("thrown away"),
    "done": _l("done"),
    "ended": _l("ended"),
    "failed": _l("failed"),
    "found": _l("found by a search"),
    "given": _l("given"),
    "invited": _l("invited"),
    "listed": _l("seen in a list"),
    "log_read": _l("who looked at it was read"),
    "moved": _l("moved"),
    "opened": _l("opened"),
    "printed": _l("printed"),
    "read": _l("read"),
    "recorded": _l("written down"),
    "refused": _l("refused"),
    "removed": _l("removed"),
    "reset": _l("set anew"),
    "reviewed": _l("looked over"),
    "saved": _l("saved"),
    "sent": _l("sent"),
    "shared": _l("shared with the patient"),
    "signed": _l("signed"),
    "stopped": _l("stopped"),
    "submitted": _l("sent in"),
    "taken_out": _l("taken out as a file"),
    "unshared": _l("shared no more"),
    "updated": _l("changed"),
    "uploaded": _l("brought in"),
    "used": _l("used"),
    "viewed": _l("looked at"),
    "withdrawn": _l("withdrawn"),
}


def noun_word(noun: str) -> str:
    """What a noun of an action, or a type of subject, is called; the code itself where it has no name."""
    return str(NOUNS[noun]) if noun in NOUNS else noun.replace("_", " ").capitalize()


def action_word(action: str) -> str:
    """What an action is called."""
    noun, _dot, verb = action.partition(".")
    said = str(VERBS[verb]) if verb in VERBS else verb.replace("_", " ")
    return _("%(noun)s: %(verb)s", noun=noun_word(noun), verb=said)
