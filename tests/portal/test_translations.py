"""The Hindi catalog: whole, in step with the texts, and with the same placeholders."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from clinic.local import catalogs

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]")
PATIENTS_READ = (
    "clinic/portal/",
    "clinic/patients/intake",
    "templates/portal/",
    "templates/messages/",
    "templates/patients/intake",
    "templates/patients/_intake",
    "templates/accounts/portal_sign_in.html",
    "templates/accounts/code.html",
    "templates/errors/",
    "templates/layouts/portal.html",
)


@pytest.fixture(scope="module")
def hindi() -> Catalog:
    with (catalogs.CATALOGS / "hi" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="hi", domain="messages")


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_the_catalogs_hold_the_texts_of_today(capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogs.main("check") == 0, capsys.readouterr().out


def test_everything_patients_read_is_there_in_hindi(hindi: Catalog) -> None:
    bare = [
        message.id
        for message in catalogs.texts()
        if message.id
        and any(name.startswith(PATIENTS_READ) for name, _line in message.locations)
        and not ((known := hindi.get(message.id)) and all(forms(known)))
    ]
    assert bare == []


def test_a_translation_fills_in_what_its_text_fills_in(hindi: Catalog) -> None:
    for message in hindi:
        if not message.id:
            continue
        wanted = {
            tuple(sorted(Counter(PLACEHOLDER.findall(text)).items()))
            for text in ([message.id] if isinstance(message.id, str) else message.id)
        }
        for text in filter(None, forms(message)):
            assert tuple(sorted(Counter(PLACEHOLDER.findall(text)).items())) in wanted, message.id


def test_no_translation_is_the_english_text(hindi: Catalog) -> None:
    same = {
        message.id
        for message in hindi
        if message.id
        and message.string == message.id
        and re.search(r"[A-Za-z]{3,}", PLACEHOLDER.sub("", str(message.id)))
    }
    assert same <= {"BMI %(value)s kg/m²"}
