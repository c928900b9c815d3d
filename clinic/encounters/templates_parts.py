"""What several shipped note templates are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinic.encounters.wording import N_

Field = dict[str, Any]


@dataclass(frozen=True)
class ShippedTemplate:
    """A template as it comes with the product."""

    code: str
    version: int
    name: str
    layout: dict[str, Any]


GENERAL = [
    "blood_pressure",
    "pulse",
    "temperature",
    "respiration",
    "spo2",
    "weight",
    "height",
    "glucose",
    "pain",
]

ADVICE: Field = {
    "code": "instructions",
    "label": N_("Instructions for the patient"),
    "kind": "text",
    "phrases": [
        N_("Come after a light meal, at least two hours before."),
        N_("Come on an empty stomach."),
        N_("Rest today; no cold bath, no wind."),
        N_("Ask before changing any medicine for pressure or sugar."),
    ],
}

AGNI: Field = {
    "code": "agni",
    "label": N_("Digestion"),
    "kind": "choice",
    "options": [
        ["sama", N_("Even"), "sama"],
        ["vishama", N_("Irregular"), "vishama"],
        ["tikshna", N_("Sharp"), "tikshna"],
        ["manda", N_("Slow"), "manda"],
    ],
}

KOSHTHA: Field = {
    "code": "koshtha",
    "label": N_("Bowel"),
    "kind": "choice",
    "options": [
        ["mridu", N_("Soft"), "mridu"],
        ["madhyama", N_("Medium"), "madhyama"],
        ["krura", N_("Hard"), "krura"],
    ],
}

MALA: list[Field] = [
    {"code": "mala_per_day", "label": N_("Stools a day"), "kind": "number"},
    {
        "code": "mala_form",
        "label": N_("Stool"),
        "kind": "choice",
        "options": [
            ["grathita", N_("In lumps"), "grathita"],
            ["baddha", N_("Hard"), "baddha"],
            ["mridu", N_("Soft"), "mridu"],
            ["drava", N_("Liquid"), "drava"],
        ],
    },
    {
        "code": "mala_signs",
        "label": N_("In the stool"),
        "kind": "choices",
        "options": [
            ["sama", N_("Sticky, sinks"), "sama"],
            ["nirama", N_("Clean, floats"), "nirama"],
            ["mucus", N_("Mucus"), ""],
            ["blood", N_("Blood"), ""],
        ],
    },
]

NIDRA: list[Field] = [
    {"code": "nidra", "label": N_("Sleep"), "kind": "number", "unit": N_("h")},
    {
        "code": "nidra_quality",
        "label": N_("How the sleep is"),
        "kind": "choice",
        "options": [
            ["sound", N_("Sound"), ""],
            ["light", N_("Light"), ""],
            ["broken", N_("Broken"), ""],
            ["little", N_("Hardly any"), ""],
        ],
    },
]

JIHVA: Field = {
    "code": "jihva_coat",
    "label": N_("Tongue"),
    "kind": "choice",
    "options": [
        ["nirlipta", N_("Clean"), "nirlipta"],
        ["alpa_lipta", N_("Slightly coated"), "alpa lipta"],
        ["lipta", N_("Coated"), "lipta"],
    ],
}

NADI: Field = {
    "code": "nadi_kind",
    "label": N_("Pulse by hand (nadi)"),
    "kind": "choice",
    "options": [
        ["vata", "Vata", "sarpa"],
        ["pitta", "Pitta", "manduka"],
        ["kapha", "Kapha", "hamsa"],
        ["vata_pitta", "Vata-pitta", ""],
        ["pitta_kapha", "Pitta-kapha", ""],
        ["vata_kapha", "Vata-kapha", ""],
        ["sannipata", "Sannipata", ""],
    ],
}


def score(code: str, label: str) -> Field:
    """How bad something is, from 0 to 10."""
    return {
        "code": code,
        "label": label,
        "kind": "scale",
        "most": 10,
        "ends": [N_("None"), N_("As bad as can be")],
    }
