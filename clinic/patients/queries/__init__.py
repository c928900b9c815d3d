"""Finding patients, as far as whoever asks may see them."""

from clinic.patients.queries.intake import (
    IntakeState,
    WaitingIntake,
    intake_missing_among,
    intake_of,
    intake_state,
    intake_waiting_among,
    intakes_to_review,
    link_ended,
    open_link,
    sections_of,
)
from clinic.patients.queries.people import (
    AllergyAlert,
    HouseholdMember,
    active_allergies,
    all_allergies,
    allergy_alert,
    get_patient,
    get_patient_for_change,
    household,
    patients_of_login,
)
from clinic.patients.queries.search import (
    FoundPatients,
    PatientRow,
    kind_of,
    quick_search,
    search_patients,
)

__all__ = [
    "AllergyAlert",
    "FoundPatients",
    "HouseholdMember",
    "IntakeState",
    "PatientRow",
    "WaitingIntake",
    "active_allergies",
    "all_allergies",
    "allergy_alert",
    "get_patient",
    "get_patient_for_change",
    "household",
    "intake_missing_among",
    "intake_of",
    "intake_state",
    "intake_waiting_among",
    "intakes_to_review",
    "kind_of",
    "link_ended",
    "open_link",
    "patients_of_login",
    "quick_search",
    "search_patients",
    "sections_of",
]
