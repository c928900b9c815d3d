"""What other domains hear from a note."""

from __future__ import annotations

from blinker import Signal

note_signing = Signal("A note is about to be signed.")
"""Sent within ``service.sign`` as ``note_signing.send(actor, note=note)``, before the note is locked and in
the same transaction. A handler does its own part (signs the prescription), or raises a DomainError: its
words are shown on the note's page and nothing is signed.
"""
