"""Sutra: a clinic on one thread, from intake to calendar to session note."""

__version__ = "0.1.0"
