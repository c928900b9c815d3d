"""Visits that belong together: planned by a rule, booked all or none, changed and undone as a whole."""

from clinic.scheduling.service.series.booking import (
    NewSeries,
    OneTaken,
    SeriesPlace,
    book_series,
    made_before,
)
from clinic.scheduling.service.series.changing import (
    NewPlace,
    cancel_visits,
    move_visits,
    undo,
    undo_left,
)
from clinic.scheduling.service.series.own import cancel_own
from clinic.scheduling.service.series.plan import Ask, Occurrence, Wish, survey
from clinic.scheduling.service.series.rule import MOST, Every, Rule

__all__ = [
    "MOST",
    "Ask",
    "Every",
    "NewPlace",
    "NewSeries",
    "Occurrence",
    "OneTaken",
    "Rule",
    "SeriesPlace",
    "Wish",
    "book_series",
    "cancel_own",
    "cancel_visits",
    "made_before",
    "move_visits",
    "survey",
    "undo",
    "undo_left",
]
