"""Why a message ended as it did: a closed set in the database, plain words on the page."""

from __future__ import annotations

from enum import StrEnum

from clinic.core.i18n import gettext as _


class Why(StrEnum):
    """Kept in ``messages.why``."""

    CHANGED = "changed"
    UNDONE = "undone"
    NOT_CONFIRMED = "not_confirmed"
    GONE = "gone"
    REPLACED = "replaced"
    DECEASED = "deceased"
    STOPPED = "stopped"
    TOO_LATE = "too_late"
    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    NOT_A_MOBILE = "not_a_mobile"
    BLOCKED = "blocked"
    SWITCHED_OFF = "switched_off"
    NOT_DELIVERED = "not_delivered"
    REFUSED = "refused"
    SET_UP_WRONGLY = "set_up_wrongly"
    PROVIDER_AWAY = "provider_away"
    PROVIDER_BUSY = "provider_busy"
    PROVIDER_FAILED = "provider_failed"
    NO_ANSWER = "no_answer"
    BROKE_OFF = "broke_off"
    INTERRUPTED = "interrupted"
    NOT_PREPARED = "not_prepared"
    CEILING = "ceiling"
    UNWANTED = "unwanted"
    QUIET = "quiet"
    NO_DEVICE = "no_device"
    NO_READER = "no_reader"


def in_words(why: str | None) -> str:  # noqa: PLR0911, PLR0912 - one line for each
    """A sentence for staff; empty when there is nothing to say."""
    match why:
        case Why.CHANGED:
            return _("The visit has changed since; the message would have been wrong.")
        case Why.UNDONE:
            return _("The change was undone before anybody was told.")
        case Why.NOT_CONFIRMED:
            return _("The visit was not confirmed.")
        case Why.GONE:
            return _("What it was about is no longer there.")
        case Why.REPLACED:
            return _("A newer message took its place.")
        case Why.DECEASED:
            return _("The patient has died.")
        case Why.STOPPED:
            return _("Somebody here stopped it.")
        case Why.TOO_LATE:
            return _("Its time had passed, so it was not sent.")
        case Why.NO_ADDRESS:
            return _("There is no number or e-mail address to send it to.")
        case Why.BAD_ADDRESS:
            return _("The number or address does not exist. Correct it on the page it comes from.")
        case Why.NOT_A_MOBILE:
            return _("The number cannot receive text messages. Ask for a mobile number.")
        case Why.BLOCKED:
            return _("The person has stopped messages to this number. Telephone instead.")
        case Why.SWITCHED_OFF:
            return _("The phone was switched off or out of reach.")
        case Why.NOT_DELIVERED:
            return _("The network could not deliver it.")
        case Why.REFUSED:
            return _("The message service refused it.")
        case Why.SET_UP_WRONGLY:
            return _(
                "The message service does not accept this clinic's account. Tell whoever runs the system."
            )
        case Why.PROVIDER_AWAY:
            return _("The message service could not be reached.")
        case Why.PROVIDER_BUSY:
            return _("The message service had too much to do.")
        case Why.PROVIDER_FAILED:
            return _("The message service had a fault.")
        case Why.NO_ANSWER:
            return _("The message service did not answer in time. It may have gone out.")
        case Why.BROKE_OFF:
            return _("The connection broke while it was being sent. It may have gone out.")
        case Why.INTERRUPTED:
            return _("Sending was interrupted. It may have gone out.")
        case Why.CEILING:
            return _("The day's limit for text messages was reached.")
        case Why.NOT_PREPARED:
            return _("The message could not be written. Tell whoever runs the system.")
        case Why.UNWANTED:
            return _("The person does not want this kind of message over this way.")
        case Why.QUIET:
            return _("It waits for the end of the person's quiet hours, or that was too late.")
        case Why.NO_DEVICE:
            return _("No phone or browser of the person takes notices any more.")
        case Why.NO_READER:
            return _("Nobody signs in who could read it.")
        case _:
            return ""
