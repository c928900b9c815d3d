"""What patients are asked to agree to: the administrator's pages. A published text is only superseded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.web import current_actor, go_to, page, say
from clinic.patients import consent_words
from clinic.patients.consent_forms import KindForm, TextForm
from clinic.patients.models import Purpose
from clinic.patients.queries.consents import (
    all_kinds,
    get_kind,
    purposes_taken,
    signatures_by_version,
    versions_by_kind,
    versions_of,
)
from clinic.patients.service import consent_kinds

bp = Blueprint("consents", __name__, url_prefix="/settings/consents")


@bp.get("")
@allow(Role.ADMIN)
def index() -> Response:
    """Every kind with the text that counts and how many signed it."""
    kinds, versions = all_kinds(), versions_by_kind()
    lines = []
    for kind in kinds:
        own = versions.get(kind.id, [])
        lines.append(
            {
                "kind": kind,
                "draft": next((one for one in own if one.published_at is None), None),
                "current": next((one for one in own if one.published_at is not None), None),
            }
        )
    return _page("patients/consent_kinds.html", lines=lines, signed=signatures_by_version())


@bp.post("/usual")
@allow(Role.ADMIN)
def usual() -> Response:
    """Add what most clinics ask for, as drafts."""
    with unit_of_work():
        count = consent_kinds.ensure_usual(current_actor())
    say(
        ngettext(
            "%(num)s draft was added. Read it, adapt it, publish it.",
            "%(num)s drafts were added. Read them, adapt them, publish them.",
            count,
        )
        if count
        else _("There is a consent for each of these already.")
    )
    return go_to(url_for("consents.index"))


@bp.route("/new", methods=["GET", "POST"])
@allow(Role.ADMIN)
def new() -> Response:
    """A kind of the clinic's own, with its first text as a draft."""
    form = KindForm()
    if not form.is_submitted():
        taken = purposes_taken()
        form.purpose.data = next(purpose for purpose in Purpose if purpose not in taken)
    status = 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                kind = consent_kinds.add_kind(
                    current_actor(), name=form.name.data, purpose=form.purpose.data, text=form.text
                )
                kind_id = kind.id
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(_("The draft is kept. Nobody sees it before you publish it."))
            return go_to(url_for("consents.kind", kind_id=kind_id))
    elif form.is_submitted():
        status = 422
    return _page("patients/consent_kind_new.html", status, form=form)


@bp.route("/<id:kind_id>", methods=["GET", "POST"])
@allow(Role.ADMIN)
def kind(kind_id: int) -> Response:
    """One kind: the draft to work on, the text that counts, and those before it."""
    found = get_kind(kind_id)
    versions = versions_of(kind_id)
    form = TextForm()
    if not form.is_submitted() and versions:
        form.show(versions[0])
    status = 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                consent_kinds.save_draft(current_actor(), kind_id, form.text)
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(_("The draft is kept. Nobody sees it before you publish it."))
            return go_to(url_for("consents.kind", kind_id=kind_id))
    elif form.is_submitted():
        status = 422
    published = [version for version in versions if version.published_at is not None]
    return _page(
        "patients/consent_kind.html",
        status,
        kind=found,
        form=form,
        draft=next((version for version in versions if version.published_at is None), None),
        published=published,
        signed=signatures_by_version(),
    )


@bp.post("/<id:kind_id>/publish")
@allow(Role.ADMIN)
def publish(kind_id: int) -> Response:
    """Make the draft the text that counts."""
    return _do(
        kind_id,
        lambda: consent_kinds.publish(current_actor(), kind_id),
        _("Published. Every patient is asked from now on, also who signed the version before."),
    )


@bp.post("/<id:kind_id>/discard")
@allow(Role.ADMIN)
def discard(kind_id: int) -> Response:
    """Throw the draft away."""
    return _do(
        kind_id,
        lambda: consent_kinds.discard_draft(current_actor(), kind_id),
        _("The draft is thrown away."),
    )


@bp.post("/<id:kind_id>/retire")
@allow(Role.ADMIN)
def retire(kind_id: int) -> Response:
    """Ask for it no more."""
    return _do(
        kind_id,
        lambda: consent_kinds.set_active(current_actor(), kind_id, active=False),
        _("Nobody is asked any more. What was signed is kept."),
    )


@bp.post("/<id:kind_id>/restore")
@allow(Role.ADMIN)
def restore(kind_id: int) -> Response:
    """Ask for it again."""
    return _do(
        kind_id,
        lambda: consent_kinds.set_active(current_actor(), kind_id, active=True),
        _("Patients are asked again."),
    )


def _do(kind_id: int, work: Callable[[], object], words: str) -> Response:
    try:
        with unit_of_work():
            work()
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "danger")
    else:
        say(words)
    return go_to(url_for("consents.kind", kind_id=kind_id))


def _page(template: str, status: int = 200, **values: Any) -> Response:
    return page(
        template,
        None,
        status,
        consent_words=consent_words,
        purposes=dict(consent_words.PURPOSES),
        **values,
    )
