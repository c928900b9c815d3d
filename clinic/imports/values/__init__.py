"""What one cell of a register means. Pure functions: text in, a value or ``Invalid`` out."""

from clinic.imports.values.addresses import read_email, read_postal_code
from clinic.imports.values.age_and_sex import split_sex
from clinic.imports.values.amounts import read_minutes, read_money
from clinic.imports.values.births import Birth, read_birth
from clinic.imports.values.blank import is_blank
from clinic.imports.values.choices import read_blood_group, read_prakriti, read_sex, read_yes_no
from clinic.imports.values.contacts import Contact, read_contact
from clinic.imports.values.days import Day, read_day
from clinic.imports.values.phones import Phones, read_phones
from clinic.imports.values.times import read_moment, read_time
from clinic.imports.values.written import Order, guess_order
from clinic.patients.allergy_text import AllergyAnswer, read_allergies, write_allergies

__all__ = [
    "AllergyAnswer",
    "Birth",
    "Contact",
    "Day",
    "Order",
    "Phones",
    "guess_order",
    "is_blank",
    "read_allergies",
    "read_birth",
    "read_blood_group",
    "read_contact",
    "read_day",
    "read_email",
    "read_minutes",
    "read_moment",
    "read_money",
    "read_phones",
    "read_postal_code",
    "read_prakriti",
    "read_sex",
    "read_time",
    "read_yes_no",
    "split_sex",
    "write_allergies",
]
