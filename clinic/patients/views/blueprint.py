"""The blueprint that the pages about patients hang on, and how templates tell of a patient."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint

from clinic.core.phones import show, show_mobile
from clinic.patients import display

bp = Blueprint("patients", __name__)

FILTERS: dict[str, Callable[..., str]] = {
    "age_text": display.age_text,
    "birth_text": display.birth_text,
    "sex_letter": display.sex_letter,
    "sex_word": display.sex_word,
    "prakriti_word": display.prakriti_word,
    "phone_text": display.phone_text,
    "address_text": display.address_text,
    "patient_facts": display.facts_text,
    "telephone": show,
    "mobile_number": show_mobile,
}
"""Filters that every template may use."""

for name, shown in FILTERS.items():
    bp.add_app_template_filter(shown, name)
