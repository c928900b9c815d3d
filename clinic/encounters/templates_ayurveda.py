"""The shipped templates of an Ayurvedic clinic: first visit, follow-up, and a day of shodhana."""

from __future__ import annotations

from clinic.encounters.templates_parts import (
    ADVICE,
    AGNI,
    GENERAL,
    JIHVA,
    KOSHTHA,
    MALA,
    NADI,
    NIDRA,
    ShippedTemplate,
    score,
)
from clinic.encounters.wording import N_

_DOSHAS = [["vata", "Vata", ""], ["pitta", "Pitta", ""], ["kapha", "Kapha", ""]]

FIRST_VISIT = ShippedTemplate(
    code="ayurveda_first_visit",
    version=1,
    name=N_("Ayurveda, first visit"),
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
                "code": "complaints",
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
                            N_("Since some months."),
                            N_("Comes and goes."),
                        ],
                    },
                    score("main_score", N_("How bad the main complaint is")),
                ],
            },
            {
                "code": "history",
                "title": N_("History"),
                "kind": "fields",
                "fields": [
                    {"code": "illness", "label": N_("Course of the illness"), "kind": "text"},
                    {"code": "past", "label": N_("Earlier illnesses and operations"), "kind": "text"},
                    {"code": "family", "label": N_("In the family"), "kind": "text"},
                    {
                        "code": "medicines",
                        "label": N_("Medicines now, and what they did not bear"),
                        "kind": "text",
                    },
                    {"code": "lmp", "label": N_("Last period began"), "kind": "date"},
                ],
            },
            {
                "code": "habits",
                "title": N_("Food and habits"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "ahara",
                        "label": N_("Food (ahara)"),
                        "kind": "text",
                        "phrases": [
                            N_("Vegetarian."),
                            N_("Mixed diet."),
                            N_("Irregular meals."),
                            N_("Late dinner."),
                            N_("Likes sour and salty."),
                        ],
                    },
                    {
                        "code": "vihara",
                        "label": N_("Work, movement, rest (vihara)"),
                        "kind": "text",
                        "phrases": [
                            N_("Sits most of the day."),
                            N_("Walks daily."),
                            N_("Sleeps by day."),
                            N_("Night shifts."),
                        ],
                    },
                    {
                        "code": "vyasana",
                        "label": N_("Habits"),
                        "kind": "choices",
                        "options": [
                            ["none", N_("None"), ""],
                            ["tea", N_("Much tea or coffee"), ""],
                            ["tobacco", N_("Tobacco"), ""],
                            ["alcohol", N_("Alcohol"), ""],
                        ],
                    },
                    {
                        "code": "manas",
                        "label": N_("Mind and strain"),
                        "kind": "line",
                        "wide": True,
                    },
                ],
            },
            {
                "code": "body",
                "title": N_("Agni and elimination"),
                "kind": "fields",
                "fields": [
                    AGNI,
                    KOSHTHA,
                    *MALA,
                    {"code": "mutra", "label": N_("Urine"), "kind": "line"},
                    *NIDRA,
                ],
            },
            {
                "code": "examination",
                "title": N_("Findings"),
                "kind": "fields",
                "fields": [
                    NADI,
                    JIHVA,
                    {
                        "code": "ama",
                        "label": "Ama",
                        "kind": "choice",
                        "options": [
                            ["sama", N_("With ama"), "sama"],
                            ["nirama", N_("Without ama"), "nirama"],
                        ],
                    },
                    {"code": "examination", "label": N_("Examination and results"), "kind": "text"},
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
                    {"code": "dosha", "label": N_("Doshas disturbed"), "kind": "choices", "options": _DOSHAS},
                    {
                        "code": "certainty",
                        "label": N_("How sure"),
                        "kind": "choice",
                        "options": [["provisional", N_("Provisional"), ""], ["final", N_("Final"), ""]],
                    },
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
                    },
                    {"code": "pathya", "label": N_("Diet to keep (pathya)"), "kind": "text"},
                    {"code": "apathya", "label": N_("Diet to avoid (apathya)"), "kind": "text"},
                ],
            },
            {"code": "next", "title": N_("Next"), "kind": "next", "fields": [ADVICE]},
        ]
    },
)

FOLLOW_UP = ShippedTemplate(
    code="follow_up",
    version=2,
    name=N_("Follow-up"),
    layout={
        "sections": [
            {
                "code": "before",
                "title": N_("Measured"),
                "kind": "vitals",
                "moment": "before",
                "measures": ["blood_pressure", "pulse", "temperature", "weight", "pain"],
            },
            {
                "code": "since",
                "title": N_("Since then"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "course",
                        "label": N_("How it went"),
                        "kind": "text",
                        "required": True,
                        "phrases": [
                            N_("Better."),
                            N_("Much the same."),
                            N_("Worse."),
                            N_("No new complaint."),
                        ],
                    },
                    {"code": "main_symptom", "label": N_("Main symptom"), "kind": "line"},
                    score("main_score", N_("How bad it is now")),
                    {"code": "second_symptom", "label": N_("Second symptom"), "kind": "line"},
                    score("second_score", N_("How bad the second is now")),
                ],
            },
            {
                "code": "body",
                "title": N_("Agni and elimination"),
                "kind": "fields",
                "fields": [AGNI, *MALA, *NIDRA, JIHVA, NADI],
            },
            {
                "code": "treatment",
                "title": N_("Treatment"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "adherence",
                        "label": N_("Medicines taken"),
                        "kind": "choice",
                        "options": [
                            ["all", N_("All"), ""],
                            ["most", N_("Most"), ""],
                            ["few", N_("Few"), ""],
                            ["none", N_("None"), ""],
                        ],
                    },
                    {"code": "adverse", "label": N_("Anything that went badly"), "kind": "text"},
                ],
            },
            {
                "code": "plan",
                "title": N_("Plan"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "plan",
                        "label": N_("What changes now"),
                        "kind": "text",
                        "required": True,
                        "phrases": [N_("Continue as before."), N_("Review in two weeks.")],
                    }
                ],
            },
            {"code": "next", "title": N_("Next"), "kind": "next", "fields": [ADVICE]},
        ]
    },
)

SHODHANA_DAY = ShippedTemplate(
    code="shodhana_day",
    version=1,
    name=N_("Snehapana, vamana or virechana"),
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
                "code": "given",
                "title": N_("Given"),
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
                    {"code": "dose", "label": N_("Dose"), "kind": "number", "unit": "ml", "required": True},
                    {"code": "started", "label": N_("Given at"), "kind": "time"},
                    {"code": "hunger", "label": N_("Hungry again after"), "kind": "number", "unit": N_("h")},
                    {
                        "code": "nausea",
                        "label": N_("Nausea"),
                        "kind": "choice",
                        "options": [["no", N_("No"), ""], ["some", N_("Some"), ""], ["much", N_("Much"), ""]],
                    },
                    {"code": "stool", "label": N_("Stool"), "kind": "line"},
                    {"code": "signs", "label": N_("Signs of oleation"), "kind": "text"},
                ],
            },
            {
                "code": "vegas",
                "title": N_("Bouts (vega)"),
                "kind": "fields",
                "fields": [
                    {
                        "code": "vegas",
                        "label": N_("Each bout in a line: time, amount, what came"),
                        "kind": "text",
                    },
                    {"code": "vega_count", "label": N_("How many"), "kind": "number"},
                    {
                        "code": "blood",
                        "label": N_("Blood seen"),
                        "kind": "choice",
                        "options": [["no", N_("No"), ""], ["yes", N_("Yes: call the vaidya"), ""]],
                    },
                    {
                        "code": "grade",
                        "label": N_("Cleansing, as the vaidya grades it"),
                        "kind": "choice",
                        "options": [
                            ["avara", N_("Little"), "avara"],
                            ["madhyama", N_("Medium"), "madhyama"],
                            ["pravara", N_("Full"), "pravara"],
                        ],
                    },
                ],
            },
            {
                "code": "after",
                "title": N_("After"),
                "kind": "vitals",
                "moment": "after",
                "measures": ["blood_pressure", "pulse", "temperature", "spo2"],
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
                        "options": [
                            ["samyak", N_("Proper"), "samyak"],
                            ["ayoga", N_("Too little"), "ayoga"],
                            ["atiyoga", N_("Too much"), "atiyoga"],
                        ],
                    },
                    {"code": "happened", "label": N_("What happened"), "kind": "text", "required": True},
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
