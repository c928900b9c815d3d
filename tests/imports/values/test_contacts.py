"""The person to call, in one cell."""

from __future__ import annotations

import pytest

from clinic.core.errors import Invalid
from clinic.imports.values import Contact, read_contact

NUMBER = "+919845011723"


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("Gabriel (mother) 98450-11723", Contact(name="Gabriel", relationship="parent", phone=NUMBER)),
        ("w/o Ramesh 98450 11723", Contact(name="Ramesh", relationship="spouse", phone=NUMBER)),
        ("S/O Ramesh 9845011723", Contact(name="Ramesh", relationship="parent", phone=NUMBER)),
        ("C/o Ramesh 9845011723", Contact(name="Ramesh", phone=NUMBER)),
        ("Wife Sita - 98450 11723", Contact(name="Sita", relationship="spouse", phone=NUMBER)),
        ("Ravi, brother, Mob: 98450 11723", Contact(name="Ravi", relationship="sibling", phone=NUMBER)),
        ("9845011723", Contact(phone=NUMBER)),
        ("98450 11723 (wife)", Contact(relationship="spouse", phone=NUMBER)),
        ("98450 11723 (Sita)", Contact(name="Sita", phone=NUMBER)),
        ("+91 98450 11723 Sita (wife)", Contact(name="Sita", relationship="spouse", phone=NUMBER)),
        ("Ramesh", Contact(name="Ramesh")),
        ("mother", Contact(relationship="parent")),
        ("राधा (पति) +91 98450 11723", Contact(name="राधा", relationship="spouse", phone=NUMBER)),
        ("माँ सीता ९८४५० ११७२३", Contact(name="सीता", relationship="parent", phone=NUMBER)),
        ("राधा मो. 98450 11723", Contact(name="राधा", phone=NUMBER)),
        ("रमेश (पड़ोसी) 9845011723", Contact(name="रमेश", relationship="friend", phone=NUMBER)),
        ("Ramesh Bhai 9845011723", Contact(name="Ramesh Bhai", phone=NUMBER)),
        ("रमेश भाई 9845011723", Contact(name="रमेश भाई", phone=NUMBER)),
        ("Asha (guardian) 9845011723", Contact(name="Asha", relationship="guardian", phone=NUMBER)),
        ("Ravi (98450 11723)", Contact(name="Ravi", phone=NUMBER)),
        ("Ward 12", Contact(name="Ward 12")),
        ("क्\u200dष 9845011723", Contact(name="क्\u200dष", phone=NUMBER)),
    ],
)  # fmt: skip
def test_name_relationship_and_number_are_told_apart(text: str, contact: Contact) -> None:
    assert read_contact(text) == contact


@pytest.mark.parametrize("text", ["Ramesh 98450", "Ramesh (wife) 98450117234567", "Ravi 9.8E+9", "12345"])
def test_a_number_that_is_none_is_refused_at_the_number(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_contact(text)
    assert refused.value.field == "emergency_phone"


def test_what_is_left_out_is_said() -> None:
    two = read_contact("Sita (wife) 98450 11723, Ram (son) 98450 11724")
    assert two == Contact(
        name="Sita",
        relationship="spouse",
        phone=NUMBER,
        note="Another person was left out: Ram (son) 98450 11724.",
    )
    more = read_contact("Sita 98450 11723 / 98450 11724")
    assert more == Contact(name="Sita", phone=NUMBER, note="Another number was left out: 98450 11724.")
    landline = read_contact("Ravi 080-41230000")
    assert landline is not None
    assert (landline.phone, landline.note) == ("+918041230000", "A landline: messages cannot reach it.")
