"""Medicines ordered for a patient: written, checked, signed, sent."""
