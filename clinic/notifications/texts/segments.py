"""How many parts a text message is sent in.

After GSM 03.38: a text of its alphabet has 160 characters in one part and 153 in each of several, and those
of the extension table count twice; any other text is UCS-2, with 70 and 67. A character is never cut in two.
"""

from __future__ import annotations

from dataclasses import dataclass

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
MANY = 2
"""More parts than this are worth a warning: each is paid for."""
_ONE_GSM, _EACH_GSM, _ONE_UCS2, _EACH_UCS2 = 160, 153, 70, 67


@dataclass(frozen=True)
class Segments:
    """``used`` of ``room`` units in ``parts`` parts; ``unicode`` says that the text needs UCS-2."""

    unicode: bool
    used: int
    parts: int
    room: int

    @property
    def many(self) -> bool:
        return self.parts > MANY


def count_segments(text: str) -> Segments:
    """The parts of a text message; an empty one has none."""
    plain = all(char in GSM or char in GSM_EXTENSION for char in text)
    costs = [_septets(char) if plain else _units(char) for char in text]
    one, each = (_ONE_GSM, _EACH_GSM) if plain else (_ONE_UCS2, _EACH_UCS2)
    used = sum(costs)
    if used <= one:
        return Segments(unicode=not plain, used=used, parts=1 if text else 0, room=one)
    parts, taken = 1, 0
    for cost in costs:
        if taken + cost > each:
            parts, taken = parts + 1, 0
        taken += cost
    return Segments(unicode=not plain, used=used, parts=parts, room=parts * each)


def _septets(char: str) -> int:
    return 2 if char in GSM_EXTENSION else 1


def _units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1
