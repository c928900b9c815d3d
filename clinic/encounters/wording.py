"""Words that stand in data and are translated when they are shown."""

from __future__ import annotations

from clinic.core.i18n import gettext


def N_(text: str) -> str:  # noqa: N802  (the name by which texts are collected for translation)
    """Mark ``text`` for translation and leave it as it is."""
    return text


def said(text: str) -> str:
    """A word from data in the reader's language; words nobody translated stay as the clinic wrote them."""
    return gettext(text) if text else ""
