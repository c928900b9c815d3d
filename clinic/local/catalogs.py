"""The translations: `update` collects the texts and compiles them, `check` says whether that was done.

The files depend on the texts alone (no dates, no line numbers), so that a change shows what it changed. Where
texts are looked for stands in `babel.cfg`; the catalogs lie in `clinic/translations/<language>/LC_MESSAGES/`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import TemplateSyntaxError

CHECKOUT = Path(__file__).resolve().parents[2]
CATALOGS = CHECKOUT / "clinic" / "translations"
LANGUAGES = ("hi",)
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy": None, "_l": None, "lazy_gettext": None}
EPOCH = datetime(2026, 11, 20, tzinfo=UTC)


class Unreadable(Exception):
    """A source file the texts cannot be read from; the text says which and why."""


def texts() -> Catalog:
    """Every text that wants a translation, with the files it stands in. Raises Unreadable."""
    template = Catalog(
        project="Sutra", charset="utf-8", creation_date=EPOCH, revision_date=EPOCH, fuzzy=False
    )
    file = ""

    def remember(name: str, _method: str, _options: object) -> None:
        nonlocal file
        file = name

    with (CHECKOUT / "babel.cfg").open() as mapping:
        methods, _ = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    options = {pattern: {"silent": "false"} for pattern, method in methods if method == "jinja2"}
    found = extract_from_dir(
        CHECKOUT, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",), callback=remember
    )
    try:
        for name, _line, text, comments, context in found:
            template.add(text, None, [(Path(name).as_posix(), 0)], auto_comments=comments, context=context)
    except (SyntaxError, TemplateSyntaxError) as error:
        raise Unreadable(f"{file}: {error}") from error
    return template


def as_po(catalog: Catalog) -> bytes:
    """The catalog as text, sorted, one file name per place."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return buffer.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """The catalog as the application reads it."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def translated(language: str, template: Catalog) -> Catalog:
    """A language's catalog with today's texts: translations kept, new texts empty, old ones gone."""
    path = CATALOGS / language / "LC_MESSAGES" / "messages.po"
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language, domain="messages")
    else:
        catalog = Catalog(locale=language, domain="messages", project="Sutra", charset="utf-8", fuzzy=False)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.header_comment = "# The application's texts. Kept in step by: make messages"
    catalog.version, catalog.msgid_bugs_address = "", ""
    catalog.last_translator, catalog.language_team = "", ""
    catalog.revision_date = EPOCH
    catalog.fuzzy = False
    return catalog


def files() -> Iterator[tuple[Path, bytes]]:
    """Every generated file and what should stand in it."""
    template = texts()
    for language in LANGUAGES:
        catalog = translated(language, template)
        folder = CATALOGS / language / "LC_MESSAGES"
        yield folder / "messages.po", as_po(catalog)
        yield folder / "messages.mo", as_mo(catalog)
        untranslated = [message.id for message in catalog if message.id and not any(message.string or ())]
        print(f"{language}: {len(catalog)} texts, {len(untranslated)} without a translation")


def main(command: str) -> int:
    """`update` or `check`; the exit code."""
    stale = [(path, wanted) for path, wanted in files() if not path.exists() or path.read_bytes() != wanted]
    if command == "check":
        for path, _ in stale:
            print(f"{path.relative_to(CHECKOUT)} is not up to date: make messages")
        return 1 if stale else 0
    for path, wanted in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except Unreadable as error:
        sys.exit(str(error))
