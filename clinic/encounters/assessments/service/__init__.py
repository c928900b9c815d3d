"""Answering, writing and confirming assessments. A function flushes and never commits."""

from clinic.encounters.assessments.service.answering import (
    begin_answers,
    save_answer,
    set_aside,
    submit,
    take_back,
)
from clinic.encounters.assessments.service.confirming import (
    confirm,
    correct,
    enter_in_error,
    share,
    stop_sharing,
)
from clinic.encounters.assessments.service.journal import AssessmentLocked, NotReady
from clinic.encounters.assessments.service.writing import Saved, begin, discard, save, settle

__all__ = [
    "AssessmentLocked",
    "NotReady",
    "Saved",
    "begin",
    "begin_answers",
    "confirm",
    "correct",
    "discard",
    "enter_in_error",
    "save",
    "save_answer",
    "set_aside",
    "settle",
    "share",
    "stop_sharing",
    "submit",
    "take_back",
]
