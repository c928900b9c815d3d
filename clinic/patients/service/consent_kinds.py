"""What a clinic asks leave for: kinds, drafts of their texts, and publishing them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from sqlalchemy import delete, func, select

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean, one_line
from clinic.patients.models import ConsentKind, ConsentVersion, Purpose
from clinic.patients.queries.consents import all_kinds, get_kind, purposes_taken, versions_of
from clinic.patients.usual_consents import USUAL

LONGEST_BODY, LONGEST_TITLE, LONGEST_NAME = 20_000, 200, 100
MOST_MONTHS = 120


@dataclass(frozen=True, kw_only=True)
class ConsentText:
    """The words of a version in both languages. ``valid_months`` None holds for good."""

    title: str
    title_hi: str
    body: str
    body_hi: str
    required: bool = False
    valid_months: int | None = None


def add_kind(actor: Actor, *, name: str, purpose: str, text: ConsentText) -> ConsentKind:
    """A new kind with a first draft. Raises Invalid, Conflict when the purpose has a kind in use."""
    _may(actor)
    name = one_line(name)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(_("Give it a name of at most 100 characters."), field="name")
    if purpose not in tuple(Purpose):
        raise Invalid(_("Choose one of these."), field="purpose")
    if purpose in purposes_taken():
        raise Conflict(_("There is a consent for this already. Write a new version of it."), field="purpose")
    checked = _checked(text)
    kind = ConsentKind(name=name, purpose=purpose, created_by=actor.user_id)
    db.session.add(kind)
    db.session.flush()
    _record(actor, "consent_kind.added", kind)
    _draft(actor, kind, checked)
    return kind


def save_draft(actor: Actor, kind_id: int, text: ConsentText) -> ConsentVersion:
    """Keep the draft of a kind's next version; published ones stay as they are. Raises Invalid."""
    _may(actor)
    kind = _locked(kind_id)
    checked = _checked(text)
    draft = next((version for version in versions_of(kind.id) if version.published_at is None), None)
    if draft is None:
        return _draft(actor, kind, checked)
    for field, value in asdict(checked).items():
        setattr(draft, field, value)
    db.session.flush()
    _record(actor, "consent_version.drafted", kind, version=draft.number)
    return draft


def discard_draft(actor: Actor, kind_id: int) -> None:
    """Throw the draft of a kind away. Raises Conflict when there is none, or it is all there is."""
    _may(actor)
    kind = _locked(kind_id)
    versions = versions_of(kind.id)
    if not versions or versions[0].published_at is not None:
        raise Conflict(_("There is no draft."))
    number = versions[0].number
    db.session.expunge(versions[0])
    db.session.execute(
        delete(ConsentVersion).where(ConsentVersion.kind_id == kind.id, ConsentVersion.published_at.is_(None))
    )
    _record(actor, "consent_version.discarded", kind, version=number)


def publish(actor: Actor, kind_id: int) -> ConsentVersion:
    """Make the draft the text that counts: everybody is asked from now on, also who signed the one before.

    Raises Conflict when there is no draft.
    """
    _may(actor)
    kind = _locked(kind_id)
    draft = next((version for version in versions_of(kind.id) if version.published_at is None), None)
    if draft is None:
        raise Conflict(_("There is no draft to publish."))
    draft.published_at, draft.published_by = clock.now(), actor.user_id
    db.session.flush()
    _record(actor, "consent_version.published", kind, version=draft.number)
    return draft


def set_active(actor: Actor, kind_id: int, *, active: bool) -> ConsentKind:
    """Ask for a kind no more, or again. Signatures stay. Raises Conflict when its purpose is taken."""
    _may(actor)
    kind = _locked(kind_id)
    if kind.active == active:
        return kind
    if active and kind.purpose in purposes_taken():
        raise Conflict(_("There is a consent for this already. Write a new version of it."))
    kind.active = active
    db.session.flush()
    _record(actor, "consent_kind.restored" if active else "consent_kind.retired", kind)
    return kind


def ensure_usual(actor: Actor = SYSTEM, *, published: bool = False) -> int:
    """The consents most clinics ask for, for purposes that never had one; how many were new.

    They come as drafts, to be read and adapted first, unless ``published``.
    """
    _may(actor)
    taken = {kind.purpose for kind in all_kinds()}
    new = [usual for usual in USUAL if usual.purpose not in taken]
    for usual in new:
        text = ConsentText(
            title=usual.title,
            title_hi=usual.title_hi,
            body=usual.body,
            body_hi=usual.body_hi,
            required=usual.required,
            valid_months=usual.valid_months,
        )
        kind = add_kind(actor, name=usual.title, purpose=usual.purpose, text=text)
        if published:
            publish(actor, kind.id)
    return len(new)


def _may(actor: Actor) -> None:
    if not actor.has(Role.ADMIN):
        raise Forbidden(_("Only an administrator changes what patients are asked to agree to."))


def _locked(kind_id: int) -> ConsentKind:
    kind = get_kind(kind_id)
    db.session.refresh(kind, with_for_update=True)
    return kind


def _draft(actor: Actor, kind: ConsentKind, text: ConsentText) -> ConsentVersion:
    last = db.session.scalar(select(func.max(ConsentVersion.number)).where(ConsentVersion.kind_id == kind.id))
    draft = ConsentVersion(kind_id=kind.id, number=(last or 0) + 1, created_by=actor.user_id, **asdict(text))
    db.session.add(draft)
    db.session.flush()
    _record(actor, "consent_version.drafted", kind, version=draft.number)
    return draft


def _checked(text: ConsentText) -> ConsentText:
    kept = replace(
        text,
        title=one_line(text.title),
        title_hi=one_line(text.title_hi),
        body=clean(text.body).strip(),
        body_hi=clean(text.body_hi).strip(),
    )
    for field in ("title", "title_hi"):
        if not 1 <= len(getattr(kept, field)) <= LONGEST_TITLE:
            raise Invalid(_("Write a title of at most 200 characters."), field=field)
    for field in ("body", "body_hi"):
        if not 1 <= len(getattr(kept, field)) <= LONGEST_BODY:
            raise Invalid(_("Write the text patients agree to."), field=field)
    if kept.valid_months is not None and not 1 <= kept.valid_months <= MOST_MONTHS:
        raise Invalid(_("Between 1 and 120 months, or empty for good."), field="valid_months")
    return kept


def _record(actor: Actor, action: str, kind: ConsentKind, **detail: int) -> None:
    audit.record(actor, action, subject_type="consent_kind", subject_id=kind.id, detail={**detail})


constraint_means(
    "uq_consent_kinds_purpose",
    lambda: Conflict(_("There is a consent for this already. Write a new version of it."), field="purpose"),
)
constraint_means(
    "consent_versions_published_locked",
    lambda: Conflict(_("A published text is not changed. Write a new version.")),
)
