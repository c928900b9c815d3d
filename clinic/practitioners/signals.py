"""What other parts of the clinic may want to know about practitioners."""

from __future__ import annotations

from blinker import Signal

affiliated = Signal("A practitioner begins to work at a facility.")
"""Sent inside the unit of work, once per practitioner and facility: ``send(practitioner, facility_id=…)``."""
