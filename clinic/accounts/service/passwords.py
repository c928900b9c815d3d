"""Passwords: what makes a good one, and how they are kept (argon2id).

``RULES`` is the one list of rules: the page shows it and ticks it off while somebody types, with the numbers,
patterns and words that stand here; what counts is what ``check_rules`` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l

SHORTEST, LONGEST = 8, 128
OVERUSED = ("password", "123456", "qwerty", "admin", "letmein")
SHORTEST_OWN = 4
"""A name of three letters stands in many a word."""
DECORATION = "0123456789!@#$%^&*?._-+= "
LOOK_ALIKES = {"@": "a", "4": "a", "$": "s", "5": "s", "0": "o", "1": "l", "3": "e", "!": "i", "7": "t"}
_MEANT = str.maketrans("".join(LOOK_ALIKES), "".join(LOOK_ALIKES.values()))
COMMON_FILE = "vendor/zxcvbn-4.5.0/common-passwords.txt"
"""Below ``static``, where the page reads it as well."""
COMMON = frozenset((Path(__file__).parents[3] / "static" / COMMON_FILE).read_text(encoding="utf-8").split())
"""Seven thousand words that stand first in lists of leaked passwords, lower case, without decoration."""
hasher = PasswordHasher()

Keeps = Callable[[str, Collection[str]], bool]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. ``keeps`` is asked with the password and the person's own words (see ``own_words``).

    ``label`` says the rule before it is broken, ``refusal`` makes the sentence after. ``data`` is what a
    script needs to judge the same: ``low`` and ``high`` count characters, ``pattern`` must be found, none of
    ``words`` may be.
    """

    name: str
    label: Any
    keeps: Keeps
    refusal: Callable[[], str]
    data: Mapping[str, str] = field(default_factory=dict)


def own_words(name: str, email: str | None = None) -> tuple[str, ...]:
    """What a password must not hold of its person: the parts of the name and of the e-mail, lower case."""
    local = (email or "").partition("@")[0]
    parts = (*re.split(r"[\W_]+", f"{name} {local}".lower()), local.lower(), (email or "").lower())
    return tuple(dict.fromkeys(part for part in parts if len(part) >= SHORTEST_OWN))


def check_rules(password: str, *, own: Collection[str] = (), field: str = "password") -> None:
    """Raise Invalid with one sentence for the first rule a new password breaks."""
    for rule in RULES:
        if not rule.keeps(password, own):
            raise Invalid(rule.refusal(), field=field)


def _kind(name: str, label: Any, is_of_kind: Callable[[str], bool], pattern: str) -> Rule:
    return Rule(
        name=name,
        label=label,
        keeps=lambda password, _own: any(is_of_kind(char) for char in password),
        refusal=lambda: _("Use a small letter, a capital, a digit and a sign such as ! or -."),
        data={"pattern": pattern},
    )


def _is_common(password: str) -> bool:
    """A common word dressed up: look-alike signs for letters, digits and signs added at the end."""
    bare = password.lower().rstrip(DECORATION)
    return not COMMON.isdisjoint({password.lower(), bare, bare.translate(_MEANT)})


RULES = (
    Rule(
        name="length",
        label=_l("%(low)d to %(high)d characters", low=SHORTEST, high=LONGEST),
        keeps=lambda password, _own: SHORTEST <= len(password) <= LONGEST,
        refusal=lambda: _("A password has %(low)d to %(high)d characters.", low=SHORTEST, high=LONGEST),
        data={"low": str(SHORTEST), "high": str(LONGEST)},
    ),
    _kind("lower", _l("A small letter"), str.islower, r"\p{Ll}"),
    _kind("upper", _l("A capital letter"), str.isupper, r"\p{Lu}"),
    _kind("digit", _l("A digit"), str.isdigit, r"\p{Nd}"),
    _kind(
        "sign",
        _l("A sign such as ! or -"),
        lambda char: not char.isalnum() and not char.isspace(),
        r"[^\p{L}\p{N}\s]",
    ),
    Rule(
        name="overused",
        label=_l("None of: %(words)s", words=", ".join(OVERUSED)),
        keeps=lambda password, _own: not any(word in password.lower() for word in OVERUSED),
        refusal=lambda: _("This contains a word that is guessed first. Choose another password."),
        data={"words": " ".join(OVERUSED)},
    ),
    Rule(
        name="own",
        label=_l("Not your name, not your e-mail"),
        keeps=lambda password, own: not any(word in password.lower() for word in own),
        refusal=lambda: _("This contains your name or your e-mail. Choose another password."),
    ),
    Rule(
        name="common",
        label=_l("Not one that many people use"),
        keeps=lambda password, _own: not _is_common(password),
        refusal=lambda: _("Many people use this password. Choose another."),
        data={
            "list": COMMON_FILE,
            "decoration": DECORATION,
            "alike": "".join(LOOK_ALIKES),
            "meant": "".join(LOOK_ALIKES.values()),
        },
    ),
)


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
