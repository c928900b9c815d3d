"""The waitlist: who joins it, what they are offered, and how a wait ends."""

from clinic.scheduling.service.waitlist.answering import OfferOver, accept, decline
from clinic.scheduling.service.waitlist.joining import (
    AlreadyWaiting,
    EntryChanged,
    Wanted,
    change,
    join,
    withdraw,
)
from clinic.scheduling.service.waitlist.looking import look
from clinic.scheduling.service.waitlist.offering import (
    OFFER_KIND,
    OfferedAlready,
    offer,
    take_back_offer,
)

__all__ = [
    "OFFER_KIND",
    "AlreadyWaiting",
    "EntryChanged",
    "OfferOver",
    "OfferedAlready",
    "Wanted",
    "accept",
    "change",
    "decline",
    "join",
    "look",
    "offer",
    "take_back_offer",
    "withdraw",
]
