"""What others may want to hear of the audit."""

from __future__ import annotations

from blinker import Signal

verification_failed = Signal()
"""Sent with the ``AuditCheck`` that found something wrong, in the transaction that keeps it."""
