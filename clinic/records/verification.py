"""Printed copies that a third person can check by a code: issued here, looked up by the public page.

A domain registers what it prints (``register_verifiable``) and asks for a code whenever a document is
finished or its content grows (``issue``). The page then says whether the copy is as the record stands, has
been added to since, differs from it, or was withdrawn; never whom it is about.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import current_app
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.records.models import VerifiableCopy

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O or U, which are read as others."""
LENGTH = 12
"""60 bits: at the page's limit nobody meets a code by trying."""
_READ_AS = str.maketrans("ILO", "110")


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What may be said of a document to anybody who holds a copy.

    ``digest`` is what it says today; ``withdrawn`` says in words that it no longer holds, or is empty.
    ``before`` are the digests it had before something was added to it.
    """

    title: str
    clinic: str
    practitioner: str
    registration: str
    signed_at: datetime
    patient_initials: str
    digest: str
    withdrawn: str = ""
    before: tuple[str, ...] = ()
    zone: str = "Asia/Kolkata"


class Standing(StrEnum):
    """How a copy stands to the record: as it is, with more in the record, not what the record says, or no
    longer valid.
    """

    TRUE_COPY = "true_copy"
    CHANGED_SINCE = "changed_since"
    DIFFERS = "differs"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A copy looked up: the code, the digest it was printed with, and what the record says today."""

    code: str
    kind: str
    subject_id: int
    patient_id: int
    facility_id: int
    digest: str
    issued_at: datetime
    document: Verified
    standing: Standing


_kinds: dict[str, Callable[[int], Verified | None]] = {}


def register_verifiable(kind: str, load: Callable[[int], Verified | None]) -> None:
    """Let copies of this kind be checked; ``load`` gives what may be said of one by its id."""
    _kinds[kind] = load


def issue(actor: Actor, *, kind: str, subject_id: int, patient_id: int, facility_id: int, digest: str) -> str:
    """The code of a document as it stands, as it is printed (``7KQ2-M9ZX-41TP``): one per content.

    ``digest`` is the SHA-256 of the content in hex. Flushes; the caller commits.
    """
    known = code_of(kind=kind, subject_id=subject_id, digest=digest)
    if known is not None:
        return known
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    db.session.execute(
        insert(VerifiableCopy)
        .values(
            code=code,
            kind=kind,
            subject_id=subject_id,
            patient_id=patient_id,
            facility_id=facility_id,
            digest=digest,
            created_by=actor.user_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_verifiable_copies_subject_digest")
    )
    issued = code_of(kind=kind, subject_id=subject_id, digest=digest)
    assert issued is not None
    return issued


def code_of(*, kind: str, subject_id: int, digest: str) -> str | None:
    """The printed code of this content if one was issued."""
    code = db.session.scalar(
        select(VerifiableCopy.code).where(
            VerifiableCopy.kind == kind,
            VerifiableCopy.subject_id == subject_id,
            VerifiableCopy.digest == digest,
        )
    )
    return grouped(code) if code else None


def check(code: str) -> Checked | None:
    """The copy a code belongs to, however it was typed; None for no such copy, and for what is no code."""
    plain = read_code(code)
    if plain is None:
        return None
    copy = db.session.scalars(select(VerifiableCopy).where(VerifiableCopy.code == plain)).one_or_none()
    load = _kinds.get(copy.kind) if copy else None
    document = load(copy.subject_id) if copy and load else None
    if copy is None or document is None:
        return None
    if document.withdrawn:
        standing = Standing.WITHDRAWN
    elif document.digest == copy.digest:
        standing = Standing.TRUE_COPY
    elif copy.digest in document.before:
        standing = Standing.CHANGED_SINCE
    else:
        standing = Standing.DIFFERS
    return Checked(
        code=grouped(plain),
        kind=copy.kind,
        subject_id=copy.subject_id,
        patient_id=copy.patient_id,
        facility_id=copy.facility_id,
        digest=copy.digest,
        issued_at=copy.created_at,
        document=document,
        standing=standing,
    )


def read_code(typed: str) -> str | None:
    """What somebody typed as the 12 characters that are kept: any case, blanks and hyphens, I and L for 1, O
    for 0. None when it cannot be a code.
    """
    plain = "".join(typed[:64].upper().split()).replace("-", "").translate(_READ_AS)
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else None


def grouped(code: str) -> str:
    """A code as it is printed: three groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, LENGTH, 4))


def short_digest(digest: str) -> str:
    """The first 12 digits of a digest, as printed under the code to be compared."""
    return " ".join(digest[at : at + 4] for at in range(0, 12, 4))


def verify_url(code: str) -> str:
    """The address a QR code on the copy carries."""
    return f"{current_app.extensions['settings'].public_url}/verify/{code}"
