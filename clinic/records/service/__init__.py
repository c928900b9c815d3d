"""Bringing papers into a patient's record, and what is done with them there."""

from clinic.records.service.adding import Added, Details, FileIn, add_papers, known_already

__all__ = ["Added", "Details", "FileIn", "add_papers", "known_already"]
