"""How names sound: what is one name in another spelling or script, and what is another name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.core.names import LETTERS, misspellings, search_forms, sound

ALIKE = """
Karishma Karishmaa करिश्मा
Choudhary Chaudhari Chowdhury Chaudhry Choudhury चौधरी
Lakshmi Laxmi Lakshmy लक्ष्मी লক্ষ্মী લક્ષ્મી ಲಕ್ಷ್ಮಿ లక్ష్మి
Sharma Sarma शर्मा
Singh Sinh सिंह ਸਿੰਘ
Gyan Jnan Dnyan ज्ञान
Krishna Krushna कृष्णा কৃষ্ণ
Mohammed Mohammad Muhammad मोहम्मद मुहम्मद
Rajinder Rajendra Rajender राजेंद्र
Rao Rav राव
Naidu Naidoo नायडू
Nair Nayar नायर
Iyer Ayyar Aiyar अय्यर
Gaekwad Gaikwad गायकवाड
Shaikh Sheikh Shekh शेख
Syed Sayyed सैयद
Agrawal Aggarwal Agarwal अग्रवाल
Mukherjee Mukherji मुखर्जी
Chopra चोपड़ा
Srinivas Shrinivas Sreenivas श्रीनिवास
Meena Mina मीना
Pooja Puja पूजा
Vijay Vijai विजय
Jain जैन
Anand आनंद आनन्द
Champa चंपा चम्पा
Sanjay Sanjai संजय सञ्जय
Fatima Phatima फ़ातिमा फातिमा
Zaheer Zahir ज़हीर
Dixit Dikshit दीक्षित
Vishwanath Viswanath विश्वनाथ
Mamta Mamata ममता
Shashi शशि
Deodhar Devdhar देवधर
Pandey Pande पांडे पाण्डेय
Amrita Amruta अमृता
Rishikesh Hrishikesh Rushikesh ऋषिकेश
Prajna Pragya Pradnya प्रज्ञा
Ayesha Aisha आयशा
Roy रॉय
Thakur Thakor ठाकुर
Kaur कौर
Yadav यादव
Francis फ्रांसिस
""".strip().splitlines()
NAMES = sorted({name for line in ALIKE for name in line.split()})


@pytest.mark.parametrize("names", ALIKE)
def test_one_name_sounds_alike_in_every_spelling_and_script(names: str) -> None:
    heard = {name: sound(name) for name in names.split()}
    assert len(set(heard.values())) == 1, heard


@pytest.mark.parametrize(
    ("typed", "other"),
    [
        ("Ram", "Rumi"),
        ("Maya", "Meena"),
        ("Ravi", "Rupa"),
        ("Das", "Deshmukh"),
        ("Nita", "Nutan"),
        ("Gopal", "Gupta"),
        ("Kumar", "Kamal"),
        ("Patil", "Patel"),
        ("Singh", "Sinha"),
        ("Dev", "David"),
    ],
)
def test_another_name_does_not_begin_with_the_sound(typed: str, other: str) -> None:
    assert not sound(other).startswith(sound(typed))


def test_sound_of_a_typed_beginning_begins_the_sound() -> None:
    """But for letters that wait for the next one (``J`` of Jnan), and never for long."""
    typed = [(name, name[:length]) for name in NAMES for length in range(1, len(name))]
    astray = [(name, beginning) for name, beginning in typed if not sound(name).startswith(sound(beginning))]
    assert len(astray) < len(typed) * 0.05
    longest = max(sum(name == one for name, _beginning in astray) for one in NAMES)
    assert longest <= 2


@given(st.text(max_size=60))
def test_any_text_sounds_of_few_letters(text: str) -> None:
    heard = sound(text)
    assert set(heard) <= set(LETTERS + "0123456789 ")
    assert heard == sound(text.upper()) or not text.isascii()
    assert len(heard.split()) <= len(search_forms(text)["search_name"].split())


@given(st.sampled_from(NAMES), st.integers(0, 20), st.sampled_from(LETTERS))
def test_each_slip_of_one_letter_is_among_the_misspellings(name: str, place: int, letter: str) -> None:
    heard = sound(name)
    place = min(place, len(heard) - 1)
    slips = [
        heard[:place] + letter + heard[place:],
        heard[:place] + letter + heard[place + 1 :],
        heard[:place] + heard[place + 1 :],
        heard[:place] + heard[place : place + 2][::-1] + heard[place + 2 :],
    ]
    assert {slip for slip in slips if slip not in (heard, "")} <= misspellings(heard)
    assert heard not in misspellings(heard)
