"""Changing the schedule. A function flushes and never commits; ``settled`` runs one as a unit of work."""

from clinic.scheduling.errors import ChangedMeanwhile, OutsideRules, PatientBusy, SlotTaken
from clinic.scheduling.service.alternatives import alternatives
from clinic.scheduling.service.book import Booking, book
from clinic.scheduling.service.claims import end_expired_holds, settled
from clinic.scheduling.service.lifecycle import (
    arrive,
    cancel,
    close_left_open,
    complete,
    confirm,
    mark_no_show,
    reject,
    reject_overdue,
    start,
)
from clinic.scheduling.service.moves import move
from clinic.scheduling.service.moving_back import undo_move
from clinic.scheduling.service.rules import earliest_for_patients, last_day_for_patients
from clinic.scheduling.service.undoing import take_back, undo_end, undo_until

__all__ = [
    "Booking",
    "ChangedMeanwhile",
    "OutsideRules",
    "PatientBusy",
    "SlotTaken",
    "alternatives",
    "arrive",
    "book",
    "cancel",
    "close_left_open",
    "complete",
    "confirm",
    "earliest_for_patients",
    "end_expired_holds",
    "last_day_for_patients",
    "mark_no_show",
    "move",
    "reject",
    "reject_overdue",
    "settled",
    "start",
    "take_back",
    "undo_end",
    "undo_move",
    "undo_until",
]
