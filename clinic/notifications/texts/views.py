"""The pages on which an administrator writes the clinic's message texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from clinic.config import Settings
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.limits import is_within
from clinic.core.web import current_actor, fragment, go_to, page, say
from clinic.notifications.models import MessageText, TextForm
from clinic.notifications.registry import Category, MessageKind, people
from clinic.notifications.texts import catalogue, queries, service
from clinic.notifications.texts.comparing import changes
from clinic.notifications.texts.forms import FORMS
from clinic.notifications.texts.queries import Place
from clinic.notifications.texts.service import Draft
from clinic.notifications.texts.trial_mail import own_address, send_trial

bp = Blueprint("message_texts", __name__, url_prefix="/settings/messages")
TRIALS = "30 per hour"


@bp.get("")
@allow(Role.ADMIN)
def index() -> Response:
    """All texts: which are the standard ones, which the clinic has changed."""
    groups: dict[Category, list[MessageKind]] = {}
    for kind in catalogue.editable_kinds():
        groups.setdefault(kind.category, []).append(kind)
    return page(
        "notifications/texts/index.html",
        groups=groups,
        standing=queries.standing_texts(),
        forms_of=catalogue.forms_of,
        **_words(),
    )


@bp.route("/<kind>/<form>/<locale>", methods=["GET", "POST"])
@allow(Role.ADMIN)
def edit(kind: str, form: str, locale: str) -> Response:
    """One text: write it, see how it looks, look at its versions."""
    of_kind, place = catalogue.find_place(kind, form, locale)
    if request.method == "GET":
        return _page(of_kind, place)
    typed = FORMS[place.form]()
    if request.form.get("look"):  # without scripts, the preview is asked for
        return _page(of_kind, place, typed=typed)
    try:
        typed.validate()
        found = service.problems(of_kind, place.form, service.tidy(place.form, typed.draft()))
        typed.mark({name: words for name, words in found.items() if not typed[name].errors})
        if typed.errors:
            return _page(of_kind, place, typed=typed, status=422)
        with unit_of_work():
            _save(of_kind, place, typed.draft(), typed.read_version())
    except DomainError as error:
        typed.refuse(error)
        return _page(of_kind, place, typed=typed, status=error.status)
    say(_("Saved. Messages from now on say this."))
    return go_to(_url("edit", place))


@bp.post("/<kind>/<form>/<locale>/preview")
@allow(Role.ADMIN)
def preview(kind: str, form: str, locale: str) -> Response:
    """How what is typed looks, with sample values."""
    of_kind, place = catalogue.find_place(kind, form, locale)
    shown = catalogue.preview(of_kind, place, _typed_draft(of_kind, place, FORMS[place.form]()))
    return fragment("notifications/texts/_preview.html", shown=shown, place=place, **_words())


@bp.post("/<kind>/<form>/<locale>/test")
@allow(Role.ADMIN)
def test(kind: str, form: str, locale: str) -> Response:
    """Send what is typed to one's own e-mail address."""
    of_kind, place = catalogue.find_place(kind, form, locale)
    typed = FORMS[place.form]()
    draft = _typed_draft(of_kind, place, typed)
    typed.mark(service.problems(of_kind, place.form, draft) if draft else {})
    if typed.errors:
        return _page(of_kind, place, typed=typed, status=422)
    actor = current_actor()
    try:
        if not is_within(TRIALS, "text-trial", str(actor.user_id)):
            raise TooMany(_("That were many tests. Try again in an hour."), retry_after=3600)
        with unit_of_work():
            address = send_trial(actor, place, draft)
    except DomainError as error:
        typed.refuse(error)
        return _page(of_kind, place, typed=typed, status=error.status)
    sent = _("A test is on its way to %(address)s.", address=address)
    return _page(of_kind, place, typed=typed, sent=sent)


@bp.post("/<kind>/<form>/<locale>/standard")
@allow(Role.ADMIN)
def standard(kind: str, form: str, locale: str) -> Response:
    """Let the standard text hold again."""
    _kind, place = catalogue.find_place(kind, form, locale)
    with unit_of_work():
        service.use_standard(current_actor(), place)
    say(_("The standard text holds again. Your versions are kept below."))
    return go_to(_url("edit", place))


@bp.get("/<kind>/<form>/<locale>/versions/<id:number>")
@allow(Role.ADMIN)
def version(kind: str, form: str, locale: str, number: int) -> Response:
    """One version beside the one before."""
    of_kind, place = catalogue.find_place(kind, form, locale)
    listed = list(queries.versions(place))
    shown = queries.get_version(place, number)
    before = next((row for row in listed if row.number == number - 1), None)
    usual = catalogue.starting_draft(of_kind, place)
    return page(
        "notifications/texts/version.html",
        kind=of_kind,
        place=place,
        shown=shown,
        before=before,
        newest=listed[0].number == number,
        subject_changes=changes(_subject(before, usual), _subject(shown, usual)),
        body_changes=changes(_body(before, usual), _body(shown, usual)),
        names=_names(listed),
        **_words(),
    )


@bp.post("/<kind>/<form>/<locale>/versions/<id:number>/restore")
@allow(Role.ADMIN)
def restore(kind: str, form: str, locale: str, number: int) -> Response:
    """Let an earlier version hold again."""
    of_kind, place = catalogue.find_place(kind, form, locale)
    try:
        with unit_of_work():
            service.restore(current_actor(), of_kind, place, number)
    except Conflict as error:
        say(error.message, "danger")
    else:
        say(_("That version holds again."))
    return go_to(_url("edit", place))


def _save(kind: MessageKind, place: Place, draft: Draft, based_on: int | None) -> None:
    """Keep a draft. The standard text, untouched, is kept as such: it follows when the standard changes."""
    actor: Actor = current_actor()
    tidy = service.tidy(place.form, draft)
    usual = catalogue.starting_draft(kind, place)
    if (tidy.subject, tidy.body) == (usual.subject, usual.body):
        service.use_standard(actor, place, dlt_template_id=tidy.dlt_template_id, based_on=based_on)
    else:
        service.save(actor, kind, place, draft, based_on=based_on)


def _typed_draft(kind: MessageKind, place: Place, typed: Any) -> Draft | None:
    """What is typed, tidy; None where it is the standard text."""
    draft = service.tidy(place.form, typed.draft())
    usual = catalogue.starting_draft(kind, place)
    return None if (draft.subject, draft.body) == (usual.subject, usual.body) else draft


def _page(
    kind: MessageKind, place: Place, *, typed: Any = None, status: int = 200, sent: str = ""
) -> Response:
    listed = list(queries.versions(place))
    standing = listed[0] if listed else None
    usual = catalogue.starting_draft(kind, place)
    if typed is None:
        data = {
            "subject": _subject(standing, usual),
            "body": _body(standing, usual),
            "dlt_template_id": (standing.dlt_template_id or "") if standing else "",
        }
        typed = FORMS[place.form](formdata=None, data=data)
    if status != Conflict.status:  # the next save of somebody who was told builds on what they were shown
        typed.based_on.data = typed.based_on.data or str(standing.number if standing else 0)
    else:
        typed.based_on.data = str(standing.number if standing else 0)
    draft = _typed_draft(kind, place, typed)
    return page(
        "notifications/texts/edit.html",
        status=status,
        kind=kind,
        place=place,
        form=typed,
        forms=catalogue.forms_of(kind),
        standing=standing,
        is_own=standing is not None and standing.body is not None,
        versions=listed,
        names=_names(listed),
        placeholders=kind.all_placeholders.values(),
        samples=catalogue.samples(kind, place.locale),
        shown=catalogue.preview(kind, place, draft),
        own_address=own_address(current_actor()),
        sent=sent,
        **_words(),
    )


def _names(rows: list[MessageText]) -> dict[int, str]:
    ids = {row.created_by for row in rows if row.created_by is not None}
    return {key: person.name for key, person in people("user", ids).items()}


def _subject(row: MessageText | None, usual: Draft) -> str:
    return (row.subject or "") if row is not None and row.body is not None else usual.subject


def _body(row: MessageText | None, usual: Draft) -> str:
    return row.body if row is not None and row.body is not None else usual.body


def _url(view: str, place: Place) -> str:
    return url_for(f"message_texts.{view}", kind=place.kind, form=place.form, locale=place.locale)


def _words() -> dict[str, Any]:
    """What the pages call forms and categories, and what a part of a text message costs (₹; 0: unknown)."""
    configured: Settings = current_app.extensions["settings"]
    return {
        "part_price": Decimal(configured.sms_price_paise) / 100,
        "form_words": {
            TextForm.SMS: _("Text message"),
            TextForm.EMAIL: _("E-mail"),
            TextForm.SHORT: _("Push and in-app"),
        },
        "category_words": {
            Category.SECURITY: _("Signing in"),
            Category.LEGAL: _("Consents"),
            Category.SAFETY: _("Safety"),
            Category.VISIT: _("Visits"),
            Category.REMINDER: _("Reminders"),
            Category.OFFER: _("Waitlist"),
            Category.NEWS: _("News"),
        },
    }
