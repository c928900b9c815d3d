"""Tables of prescriptions: what was ordered, and the lists it is written from."""

from clinic.prescriptions.models.lists import Favourite, Medicine, PrescriptionRule, PrescriptionSet
from clinic.prescriptions.models.prescription import Acceptance, Prescription, PrescriptionLine

__all__ = [
    "Acceptance",
    "Favourite",
    "Medicine",
    "Prescription",
    "PrescriptionLine",
    "PrescriptionRule",
    "PrescriptionSet",
]
