"""Passwords: what makes a good one, and how they are kept (argon2id)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

SHORTEST, LONGEST = 8, 128
OVERUSED = ("password", "123456", "qwerty", "admin", "letmein")
hasher = PasswordHasher()


def check_rules(password: str, *, field: str = "password") -> None:
    """Raise Invalid with one sentence for the first rule a new password breaks."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(
            _("A password has %(low)d to %(high)d characters.", low=SHORTEST, high=LONGEST), field=field
        )
    if not _has_all_kinds(password):
        raise Invalid(_("Use a small letter, a capital, a digit and a sign such as ! or -."), field=field)
    if any(word in password.lower() for word in OVERUSED):
        raise Invalid(_("This contains a word that is guessed first. Choose another password."), field=field)
    if _is_common(password):
        raise Invalid(_("Many people use this password. Choose another."), field=field)


def _has_all_kinds(password: str) -> bool:
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum() and not char.isspace())
    return all(any(kind(char) for char in password) for kind in kinds)


def _is_common(password: str) -> bool:
    """A common word dressed up: look-alike signs for letters, digits and signs added at the end."""
    bare = password.lower().rstrip("0123456789!@#$%^&*?._-+= ")
    return not COMMON.isdisjoint({password.lower(), bare, bare.translate(LOOK_ALIKES)})


LOOK_ALIKES = str.maketrans("@4$5013!7", "aassoleit")
COMMON = frozenset((Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").split())
"""Words that stand first in every list of leaked passwords, in lower case and without decoration."""


def hashed(password: str) -> str:
    """How a password is kept."""
    return hasher.hash(password)


@cache
def _dummy() -> str:
    return hasher.hash("nobody's")


def verify(password: str, kept: str | None) -> bool:
    """Whether this is the password kept. Without one it takes the same time and is False."""
    try:
        right = hasher.verify(kept or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return right and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether a password was hashed with parameters that are no longer used."""
    return hasher.check_needs_rehash(kept)
