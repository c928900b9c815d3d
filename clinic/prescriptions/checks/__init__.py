"""Whether a prescription may be signed: what is missing, and what is dangerous for this patient."""

from clinic.prescriptions.checks.facts import Facts, facts_of
from clinic.prescriptions.checks.findings import Finding, find, line_problems, problems_of, unsettled

__all__ = ["Facts", "Finding", "facts_of", "find", "line_problems", "problems_of", "unsettled"]
