"""A code list's file from the moment it arrives to the word that it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete

from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import clean, one_line
from clinic.encounters.models import CodeSystemName
from clinic.encounters.service.code_lists import Brought, bring_in, compare_list
from clinic.imports.code_lists import MOST_BYTES, CodeFile, read_codes
from clinic.imports.models import CodeUpload

KEPT_FOR = timedelta(days=1)
LONGEST_VERSION = 80
LONGEST_LICENCE = 1_000


def receive_codes(
    actor: Actor, *, system: str, file_name: str, data: bytes, list_version: str, licence: str
) -> CodeUpload:
    """Keep a list's file until it is brought in. Raises Forbidden, Invalid."""
    _check(actor)
    if system not in set(CodeSystemName):
        raise Invalid(_("Choose which list it is."), field="system")
    if not data:
        raise Invalid(_("The file is empty."), field="file")
    if len(data) > MOST_BYTES:
        raise Invalid(_("The file is larger than %(max)d MB.", max=MOST_BYTES // 1_000_000), field="file")
    list_version, licence = one_line(list_version), clean(licence).strip()
    if len(list_version) > LONGEST_VERSION:
        raise Invalid(_("At most %(count)s characters.", count=LONGEST_VERSION), field="list_version")
    if len(licence) > LONGEST_LICENCE:
        raise Invalid(_("At most %(count)s characters.", count=LONGEST_LICENCE), field="licence")
    if not licence and system != CodeSystemName.OWN:
        raise Invalid(
            _("Write where the list is from and under which licence it may be used."), field="licence"
        )
    row = CodeUpload(
        system=system,
        file_name=one_line(file_name)[:200] or "?",
        list_version=list_version,
        licence=licence,
        data=data,
        created_by=actor.user_id,
    )
    db.session.add(row)
    db.session.flush()
    return row


def get_upload(actor: Actor, upload_id: int) -> CodeUpload:
    """A file that waits. Raises Forbidden, NotFound for one that came in already or was let go."""
    _check(actor)
    row = db.session.get(CodeUpload, upload_id)
    if row is None:
        raise NotFound(_("This file is no longer here. Choose it once more."))
    return row


def look_over(row: CodeUpload, mapping: Sequence[str] | None, *, whole: bool) -> tuple[CodeFile, Brought]:
    """The file as it is understood, and what bringing it in would do. Raises Unreadable."""
    found = read_codes(bytes(row.data), name=row.file_name, system=row.system, mapping=mapping)
    return found, compare_list(row.system, found.lines, found.mentioned, whole=whole)


def bring_in_codes(actor: Actor, row: CodeUpload, mapping: Sequence[str] | None, *, whole: bool) -> Brought:
    """Bring the file's codes in and let the file go. Raises Unreadable, Invalid when nothing in it is a
    code.
    """
    _check(actor)
    found = read_codes(bytes(row.data), name=row.file_name, system=row.system, mapping=mapping)
    if not found.lines:
        raise Invalid(_("No line of this file can be brought in."))
    brought = bring_in(
        actor,
        row.system,
        found.lines,
        found.mentioned,
        whole=whole,
        list_version=row.list_version,
        licence=row.licence,
        file_name=row.file_name,
    )
    db.session.delete(row)
    return brought


def discard_codes(actor: Actor, row: CodeUpload) -> None:
    """Let a file go unused."""
    _check(actor)
    db.session.delete(row)


def forget_uploads() -> None:
    """Let go of files nobody decided about within a day."""
    with unit_of_work():
        db.session.execute(delete(CodeUpload).where(CodeUpload.created_at < clock.now() - KEPT_FOR))


def _check(actor: Actor) -> None:
    if not actor.has(Role.ADMIN):
        raise Forbidden(_("Code lists are brought in by an administrator."))
