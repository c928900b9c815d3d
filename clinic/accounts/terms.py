"""The terms of use: which versions there have been, and which one holds.

The text of a version is ``templates/terms/<version>/<language>.html``. It is never changed once somebody may
have accepted it: another text is another version, and everybody is asked again.
"""

from __future__ import annotations

from clinic.core.i18n import LOCALES

VERSIONS = ("2026-11",)
"""Oldest first, each named by the month it holds from."""
CURRENT = VERSIONS[-1]


def text_of(version: str, locale: str) -> str:
    """The template that holds a version's text in a language; in English where there is none in that one."""
    return f"terms/{version}/{locale if locale in LOCALES else 'en'}.html"
