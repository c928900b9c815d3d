"""Finding patients, as far as whoever asks may see them."""

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
from clinic.patients.queries.search import PatientRow, digits_of, quick_search, search_patients

__all__ = [
    "AllergyAlert",
    "HouseholdMember",
    "PatientRow",
    "active_allergies",
    "all_allergies",
    "allergy_alert",
    "digits_of",
    "get_patient",
    "get_patient_for_change",
    "household",
    "patients_of_login",
    "quick_search",
    "search_patients",
]
