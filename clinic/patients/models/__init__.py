"""For whom care is given."""

from clinic.patients.models.allergies import Allergy, AllergyStatus
from clinic.patients.models.intake import IntakeLink, IntakeSection
from clinic.patients.models.patient import (
    BirthPrecision,
    Patient,
    PatientIdentifier,
    PatientWord,
    Prakriti,
    Sex,
)
from clinic.patients.models.people import CareRelationship, Guardianship

__all__ = [
    "Allergy",
    "AllergyStatus",
    "BirthPrecision",
    "CareRelationship",
    "Guardianship",
    "IntakeLink",
    "IntakeSection",
    "Patient",
    "PatientIdentifier",
    "PatientWord",
    "Prakriti",
    "Sex",
]
