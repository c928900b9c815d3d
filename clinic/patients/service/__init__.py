"""What can be done with patients."""

from clinic.patients.details import AllergyEntry, PatientDetails
from clinic.patients.service.allergies import record_allergies
from clinic.patients.service.duplicates import Alike, Duplicate, find_alike, find_duplicates
from clinic.patients.service.guardians import add_guardian, begin_care
from clinic.patients.service.intake import (
    LONGEST_ANSWER,
    faults_of,
    proposed,
    review_intake,
    revoke_intake_link,
    save_section,
    send_intake_link,
    submit_intake,
)
from clinic.patients.service.many import insert_patients, open_logins
from clinic.patients.service.registering import register
from clinic.patients.service.updating import ChangedMeanwhile, Difference, mark_deceased, update

__all__ = [
    "LONGEST_ANSWER",
    "Alike",
    "AllergyEntry",
    "ChangedMeanwhile",
    "Difference",
    "Duplicate",
    "PatientDetails",
    "add_guardian",
    "begin_care",
    "faults_of",
    "find_alike",
    "find_duplicates",
    "insert_patients",
    "mark_deceased",
    "open_logins",
    "proposed",
    "record_allergies",
    "register",
    "review_intake",
    "revoke_intake_link",
    "save_section",
    "send_intake_link",
    "submit_intake",
    "update",
]
