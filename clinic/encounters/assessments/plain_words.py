"""What a constitution means, in words for the patient: what it is like, what upsets it, what does it good.

General guidance of the kind found in every introduction; what a person should do they hear from the vaidya.
"""

from __future__ import annotations

from dataclasses import dataclass

from clinic.core.i18n import gettext as _
from clinic.encounters.assessments.definitions import DOSHAS
from clinic.patients.display import prakriti_word


@dataclass(frozen=True, kw_only=True)
class About:
    """A constitution in plain words; ``lines`` are a word and a sentence for each dosha in it."""

    name: str
    intro: str
    lines: list[tuple[str, str]]


def about(result: str) -> About:
    """What to tell a patient about a confirmed constitution."""
    held = DOSHAS if result == "tridosha" else tuple(dosha for dosha in DOSHAS if dosha in result.split("_"))
    sentences = {
        "vata": _(
            "Vata moves: quick, light, changeable. Warmth, regular meals and enough sleep steady it;"
            " cold, wind and hurry upset it."
        ),
        "pitta": _(
            "Pitta burns: warm, sharp, determined. Coolness, mild food and rest calm it;"
            " heat, hunger and sour or very spicy food stir it up."
        ),
        "kapha": _(
            "Kapha holds: calm, strong, enduring. Movement, light and warm food keep it awake;"
            " sleeping by day, and heavy or sweet food, weigh it down."
        ),
    }
    intros = {
        1: _("One dosha leads in your nature. It is neither good nor bad; it is how you are made."),
        2: _("Two doshas lead in your nature. It is neither good nor bad; it is how you are made."),
        3: _("All three doshas are nearly even in your nature."),
    }
    return About(
        name=prakriti_word(result or None),
        intro=intros.get(len(held), ""),
        lines=[(prakriti_word(dosha), sentences[dosha]) for dosha in held],
    )
