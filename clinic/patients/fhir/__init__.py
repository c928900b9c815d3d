"""Bringing in patients, their allergies and practitioners from FHIR R4 files."""

from clinic.patients.fhir.folder import import_folder
from clinic.patients.fhir.report import ImportRefused, Refusal, Report

__all__ = ["ImportRefused", "Refusal", "Report", "import_folder"]
