"""Uploads taken in, from the bytes to the rows: each file by itself, so that one bad file spoils no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.patients.models import Patient
from clinic.records import keeping, policy, uploads
from clinic.records.models import Paper, PaperSource
from clinic.records.service import Added, Details, add_papers


@dataclass(frozen=True)
class Sent:
    """A file as it was sent: ``read`` gives its bytes, up to a limit."""

    name: str
    read: Callable[[int], bytes] = field(repr=False)


@dataclass
class Received:
    """What became of an upload. ``refused`` says of each file that was not taken what is wrong with it."""

    papers: list[Paper] = field(default_factory=list)
    known: list[Paper] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def receive(
    actor: Actor,
    patient: Patient,
    sent: Sequence[Sent],
    details: Details,
    *,
    source: PaperSource,
    also: Callable[[Added], None] | None = None,
) -> Received:
    """Take in files for a patient; ``also`` does more in the transaction of each.

    Raises Forbidden for who may not, Invalid where there is no file or there are too many.
    """
    if not policy.can_add(actor, patient):
        raise Forbidden(_("You cannot add papers for this patient."))
    if not sent:
        raise Invalid(_("Choose a file."), field="files")
    if len(sent) > uploads.MOST_AT_ONCE:
        raise Invalid(_("Add at most %(max)s files at a time.", max=uploads.MOST_AT_ONCE), field="files")
    received = Received()
    for one in sent:
        try:
            added = _receive_one(actor, patient, one, details, source=source, also=also)
        except (Invalid, Conflict) as refusal:
            received.refused.append((uploads.clean_name(one.name), refusal.message))
            audit.read(
                actor,
                "paper.uploaded",
                subject_type="paper",
                patient_id=patient.id,
                facility_id=patient.facility_id,
                outcome="refused",
            )
            continue
        received.papers += added.papers
        received.known += added.known
    return received


def look_and_scan(sent: Sent, *, pictures: Sequence[str] | None = None) -> tuple[uploads.Looked, str]:
    """One file decoded, and what the scanner says. Raises Invalid with a sentence."""
    data = sent.read(uploads.MOST_BYTES + 1)
    looked = (
        uploads.look_at(sent.name, data)
        if pictures is None
        else uploads.look_at(sent.name, data, pictures=pictures)
    )
    return looked, keeping.check(data)


def _receive_one(
    actor: Actor,
    patient: Patient,
    sent: Sent,
    details: Details,
    *,
    source: PaperSource,
    also: Callable[[Added], None] | None,
) -> Added:
    looked, scanned = look_and_scan(sent)
    with keeping.put([(looked, scanned)]) as files:
        with unit_of_work():
            added = add_papers(actor, patient, files, details, source=source)
            if also is not None:
                also(added)
        if not added.papers:
            keeping.forget([one.stem for one in files])
    return added
