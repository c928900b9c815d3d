"""Files on their way into the store, and away again when what they belong to comes to nothing."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence

import structlog

from clinic.core import clock
from clinic.core.errors import DomainError, Invalid
from clinic.core.files import StoreAway, store
from clinic.core.i18n import gettext as _
from clinic.records.models import EXTENSIONS, Scan
from clinic.records.scanning import Verdict, scan
from clinic.records.service import FileIn
from clinic.records.uploads import Looked

log = structlog.get_logger(__name__)
PREFIX = "papers"


class Unkept(DomainError):
    """The store does not answer, so nothing was added."""

    status = 503
    code = "unavailable"


def new_stem() -> str:
    """A place in the store that nobody can guess; the first letters spread folders."""
    name = secrets.token_hex(16)
    return f"{PREFIX}/{name[:2]}/{name[2:]}"


def check(data: bytes) -> str:
    """What the scanner says of the bytes as they came: clean, or pending while it is away. Raises Invalid
    for an infected file.
    """
    match scan(data):
        case Verdict.INFECTED:
            raise Invalid(_("The virus scanner refused this file, so it was not added."), field="files")
        case Verdict.CLEAN:
            return Scan.CLEAN
        case _:
            return Scan.PENDING


@contextlib.contextmanager
def put(looked: Sequence[tuple[Looked, str]]) -> Iterator[list[FileIn]]:
    """Put files (each with what the scanner said) into the store for the block that writes their rows; when
    that fails they are taken out again. What a crash leaves behind the sweep finds.

    Raises Unkept when the store is away.
    """
    done: list[FileIn] = []
    try:
        for one, scanned in looked:
            stem = new_stem()
            done.append(_file_in(one, stem, scanned))
            kept = store()
            kept.put(f"{stem}/original.{EXTENSIONS[one.media_type]}", one.data, content_type=one.media_type)
            if one.thumb:
                kept.put(f"{stem}/thumb.jpg", one.thumb, content_type="image/jpeg")
        yield done
    except StoreAway as failure:
        forget([one.stem for one in done])
        log.error("store_away", error=type(failure).__name__)
        raise Unkept(_("Files cannot be kept just now. Try again in a few minutes.")) from failure
    except BaseException:
        forget([one.stem for one in done])
        raise


def forget(stems: Sequence[str]) -> None:
    """Take files out of the store, with everything that was made of them; a store that is away keeps them
    until the sweep.
    """
    try:
        for stem in stems:
            for key in list(store().keys(f"{stem}/")):
                store().delete(key)
    except StoreAway:
        log.warning("store_away_while_forgetting")


def _file_in(one: Looked, stem: str, scanned: str) -> FileIn:
    return FileIn(
        stem=stem,
        file_name=one.name,
        media_type=one.media_type,
        size=len(one.data),
        sha256=one.sha256,
        pages=one.pages,
        width=one.width,
        height=one.height,
        scan=scanned,
        scanned_at=None if scanned == Scan.PENDING else clock.now(),
    )
