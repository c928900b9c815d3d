"""The note templates every clinic starts with. They are data: a clinic changes its copies, not this file's
readers.

Result words, complication codes and their plain names follow the classical lists; the choice of fields is a
working default. A changed layout gets a new ``version``, so that notes already written keep the form they
were written in.
"""

from __future__ import annotations

from clinic.encounters.templates_ayurveda import FIRST_VISIT, FOLLOW_UP, SHODHANA_DAY
from clinic.encounters.templates_parts import ADVICE, AGNI, GENERAL, ShippedTemplate
from clinic.encounters.wording import N_

SOAP = ShippedTemplate(
    code="soap",
    version=1,
    name=N_("Consultation"),
    layout={
        "sections": [
            {
                "code": "before",
                "title": N_("Measured"),
                "kind": "vitals",
                "moment": "before",
                "measures": GENERAL,
            },
            {
                "code": "subjective",
                "title": N_("Complaints"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "complaints",
                        "label": N_("Complaints, and since when"),
                        "kind": "text",
                        "required": True,
                        "phrases": [
                            N_("Since about a week."),
                            N_("Better than last time."),
                            N_("No new complaint."),
                        ],
                    },
                    {"code": "history", "label": N_("History, medicines, allergies"), "kind": "text"},
                ],
            },
            {
                "code": "objective",
                "title": N_("Findings"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "examination",
                        "label": N_("Examination and results"),
                        "kind": "text",
                        "phrases": [
                            N_("Nadi vata."),
                            N_("Nadi pitta."),
                            N_("Nadi kapha."),
                            N_("Tongue coated (sama)."),
                            N_("Tongue clean (nirama)."),
                        ],
                    },
                    AGNI,
                ],
            },
            {
                "code": "assessment",
                "title": N_("Assessment"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "diagnosis",
                        "label": N_("Main diagnosis"),
                        "kind": "line",
                        "required": True,
                        "wide": True,
                    },
                    {
                        "code": "certainty",
                        "label": N_("How sure"),
                        "kind": "choice",
                        "options": [["provisional", N_("Provisional"), ""], ["final", N_("Final"), ""]],
                    },
                    {
                        "code": "code",
                        "label": N_("Code"),
                        "kind": "line",
                        "hint": N_("ICD-10 or NAMASTE, if you use one"),
                    },
                    {"code": "other_diagnoses", "label": N_("Other diagnoses"), "kind": "text"},
                ],
            },
            {
                "code": "plan",
                "title": N_("Plan"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "plan",
                        "label": N_("Medicines, tests, procedures, advice"),
                        "kind": "text",
                        "required": True,
                        "phrases": [
                            N_("Continue as before."),
                            N_("Review in two weeks."),
                            N_("Warm water, early dinner."),
                        ],
                    },
                ],
            },
            {"code": "next", "title": N_("Next"), "kind": "next", "fields": [ADVICE]},
        ]
    },
)

SESSION = ShippedTemplate(
    code="panchakarma_session",
    version=2,
    name=N_("Panchakarma session"),
    layout={
        "sections": [
            {
                "code": "before",
                "title": N_("Before"),
                "kind": "vitals",
                "moment": "before",
                "measures": ["blood_pressure", "pulse", "temperature", "spo2", "weight"],
            },
            {
                "code": "procedure",
                "title": N_("Procedure"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "medicine",
                        "label": N_("Medicine"),
                        "kind": "line",
                        "required": True,
                        "wide": True,
                    },
                    {"code": "batch", "label": N_("Batch"), "kind": "line"},
                    {"code": "amount", "label": N_("Amount used"), "kind": "number", "unit": "ml"},
                    {"code": "warmth", "label": N_("Warmth"), "kind": "number", "unit": "°C"},
                    {"code": "started", "label": N_("Started"), "kind": "time"},
                    {"code": "ended", "label": N_("Ended"), "kind": "time"},
                    {"code": "staff", "label": N_("Who else took part"), "kind": "line", "wide": True},
                    {
                        "code": "happened",
                        "label": N_("What happened"),
                        "kind": "text",
                        "required": True,
                        "phrases": [
                            N_("Well tolerated."),
                            N_("No discomfort."),
                            N_("Local abhyanga and steam before, 45 min."),
                            N_("Rested 20 min."),
                        ],
                    },
                ],
            },
            {
                "code": "after",
                "title": N_("After"),
                "kind": "vitals",
                "moment": "after",
                "measures": ["blood_pressure", "pulse", "temperature"],
            },
            {
                "code": "result",
                "title": N_("Result"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "result",
                        "label": N_("Signs"),
                        "kind": "choice",
                        "required": True,
                        "options": [
                            ["samyak", N_("Proper"), "samyak"],
                            ["ayoga", N_("Too little"), "ayoga"],
                            ["atiyoga", N_("Too much"), "atiyoga"],
                        ],
                    },
                    {
                        "code": "tolerance",
                        "label": N_("Tolerated"),
                        "kind": "choice",
                        "options": [
                            ["well", N_("Well"), ""],
                            ["discomfort", N_("Some discomfort"), ""],
                            ["stopped", N_("Stopped early"), ""],
                        ],
                    },
                    {"code": "retained", "label": N_("Retained"), "kind": "number", "unit": "min"},
                    {"code": "output", "label": N_("What came out"), "kind": "line", "wide": True},
                    {
                        "code": "events",
                        "label": N_("Events"),
                        "kind": "choices",
                        "options": [
                            ["none", N_("None"), ""],
                            ["adhmana", N_("Bloating"), "adhmana"],
                            ["parikartika", N_("Cutting pain"), "parikartika"],
                            ["parisrava", N_("Discharge"), "parisrava"],
                            ["hridgraha", N_("Chest tightness"), "hridgraha"],
                            ["angagraha", N_("Stiffness"), "angagraha"],
                            ["jivadana", N_("Bleeding"), "jivadana"],
                            ["vibhramsha", N_("Prolapse or confusion"), "vibhramsha"],
                            ["stambha", N_("Retention"), "stambha"],
                            ["upadrava", N_("Other complication"), "upadrava"],
                            ["klama", N_("Exhaustion"), "klama"],
                            ["burn", N_("Burn"), ""],
                            ["fall", N_("Fall"), ""],
                            ["syncope", N_("Fainting"), ""],
                            ["hypoglycaemia", N_("Low sugar"), ""],
                            ["dehydration", N_("Dehydration"), ""],
                            ["rash", N_("Rash"), ""],
                            ["aspiration", N_("Aspiration"), ""],
                        ],
                    },
                    {
                        "code": "events_told",
                        "label": N_("Events: how bad, what was done, how it ended"),
                        "kind": "text",
                    },
                ],
            },
            {"code": "next", "title": N_("Next"), "kind": "next", "fields": [ADVICE]},
        ]
    },
)

SHIPPED = (SOAP, FIRST_VISIT, FOLLOW_UP, SESSION, SHODHANA_DAY)
ALIASES = {
    "panchakarma": "panchakarma_session",
    "session": "panchakarma_session",
    "basti": "panchakarma_session",
    "consultation": "soap",
    "followup": "follow_up",
    "first_visit": "ayurveda_first_visit",
    "vamana": "shodhana_day",
    "virechana": "shodhana_day",
    "snehapana": "shodhana_day",
}
"""Other names by which a service may ask for one of them."""
