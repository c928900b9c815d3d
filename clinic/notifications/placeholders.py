"""What a clinic's own text may name: each placeholder makes one plain string from the values of a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clinic.core.i18n import lazy as _l

Values = Mapping[str, Any]
"""What templates get: the kind's own values, ``zone``, ``secret``, ``link`` and the letterhead."""


@dataclass(frozen=True, kw_only=True)
class Placeholder:
    """One value a text may carry, written ``{name}``.

    ``value`` makes it, in the reader's language; without it the value of the same name is taken. ``button``
    marks a link: the words on it where it stands alone in a line of an e-mail. A message is of no use without
    its ``required`` ones.
    """

    name: str
    label: Any
    value: Callable[[Values], Any] | None = None
    button: Any = None
    required: bool = False

    def of(self, values: Values) -> str:
        """The value as plain text; empty where this message has none."""
        found = self.value(values) if self.value else values.get(self.name)
        return "" if found is None else str(found)


LETTERHEAD = (
    Placeholder(name="clinic", label=_l("Clinic")),
    Placeholder(name="clinic_phone", label=_l("Clinic's telephone")),
    Placeholder(name="clinic_address", label=_l("Clinic's address")),
)
"""What every message can name."""
