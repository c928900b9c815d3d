"""For whom care is given."""

from clinic.patients.models.allergies import Allergy, AllergyStatus
from clinic.patients.models.consents import Consent, ConsentKind, ConsentVersion, Method, Purpose, Via
from clinic.patients.models.emergency import EmergencyAccess, Urgency
from clinic.patients.models.health import (
    AllergyVersion,
    Condition,
    FamilyHistory,
    Lifestyle,
    Pregnancy,
    Surgery,
)
from clinic.patients.models.intake import IntakeLink, IntakeSection
from clinic.patients.models.patient import (
    BirthPrecision,
    Patient,
    PatientIdentifier,
    PatientWord,
    Prakriti,
    Sex,
)
from clinic.patients.models.people import (
    CareRelationship,
    GuardianConsent,
    GuardianInvitation,
    Guardianship,
    RecentForgotten,
)
from clinic.patients.models.profile import EmergencyContact, PatientPhoto
from clinic.patients.models.said import PatientInsurance, PatientMeasures, PatientMedication

__all__ = [
    "Allergy",
    "AllergyStatus",
    "AllergyVersion",
    "BirthPrecision",
    "CareRelationship",
    "Condition",
    "Consent",
    "ConsentKind",
    "ConsentVersion",
    "EmergencyAccess",
    "EmergencyContact",
    "FamilyHistory",
    "GuardianConsent",
    "GuardianInvitation",
    "Guardianship",
    "IntakeLink",
    "IntakeSection",
    "Lifestyle",
    "Method",
    "Patient",
    "PatientIdentifier",
    "PatientInsurance",
    "PatientMeasures",
    "PatientMedication",
    "PatientPhoto",
    "PatientWord",
    "Prakriti",
    "Pregnancy",
    "Purpose",
    "RecentForgotten",
    "Sex",
    "Surgery",
    "Urgency",
    "Via",
]
