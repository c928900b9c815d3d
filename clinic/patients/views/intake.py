"""The intake form, for whoever holds the link. It shows nothing of the record, only what was entered
through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort, g, jsonify, request, session, url_for
from wtforms import Field

from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import LOCALES, force_locale, show_time
from clinic.core.i18n import gettext as _
from clinic.core.web import fragment, go_to, page
from clinic.facilities.queries import get_facility
from clinic.patients import consent_words, service
from clinic.patients.births import parse_birth
from clinic.patients.body import typed_index
from clinic.patients.display import years_between
from clinic.patients.intake import (
    FIELDS,
    NEEDED,
    Progress,
    Section,
    after,
    before,
    progress_of,
    sections_asked,
    title_of,
)
from clinic.patients.intake_checks import section_faults
from clinic.patients.intake_forms import FORMS, SectionForm
from clinic.patients.models import IntakeLink
from clinic.patients.queries import link_ended, open_link, patients_of_login, sections_of
from clinic.patients.queries.consents import PatientConsents, consents_of
from clinic.patients.queries.intake import KeptSection
from clinic.patients.views.blueprint import bp


@bp.get("/intake/<token>")
@allow(everybody=True)
def intake(token: str) -> Response:
    """Go on where somebody stopped; the thanks once it was sent in."""
    link = open_link(token)
    if link is None:
        return _closed(token)
    kept = sections_of(link.id)
    progress = _progress(link, kept)
    if link.submitted_at is not None and "change" not in request.args:
        return _page(link, "patients/intake_thanks.html", token=token)
    if not kept or progress.first_open is not None:
        return _section_page(link, token, progress.first_open or Section.ABOUT, kept)
    return _check_page(link, token, kept)


@bp.route("/intake/<token>/<section>", methods=["GET", "POST"])
@allow(everybody=True)
def intake_section(token: str, section: str) -> Response:
    """One section: shown, and kept by "Save and go on"."""
    link = open_link(token)
    if link is None:
        return _closed(token)
    if section == "check":
        return _check_page(link, token, sections_of(link.id))
    part = _part(section, link)
    if request.method == "GET":
        return _section_page(link, token, part, sections_of(link.id))
    form = FORMS[part]()
    fine = _fine(form, part, link)
    try:
        with unit_of_work():
            row = service.save_section(_visitor(), link, part, form.answers(part), complete=fine)
            form.version.data = str(row.version)
    except Conflict:
        return _closed(token)
    if not fine:
        return _section_page(link, token, part, sections_of(link.id), form=form, status=422)
    following = after(part, _asked(link))
    return go_to(url_for("patients.intake_section", token=token, section=following or "check"))


@bp.post("/intake/<token>/<section>/draft")
@allow(everybody=True)
def intake_draft(token: str, section: str) -> Response:
    """Keep what is typed while somebody types it."""
    link = open_link(token)
    if link is None:
        return fragment("patients/_intake_over.html", 409)
    part = _part(section, link)
    form = FORMS[part]()
    version = form.version.data or "0"
    expected = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    if any(len(value) > service.LONGEST_ANSWER for value in form.answers(part).values()):
        return fragment("patients/_intake_over.html", 422, too_long=True)
    try:
        with unit_of_work():
            row = service.save_section(_visitor(), link, part, form.answers(part), expected_version=expected)
            kept, saved_at = row.version, row.saved_at
    except Conflict:
        return fragment("patients/_intake_over.html", 409, token=token, section=part)
    zone = get_facility(link.facility_id).zone
    note = _note(part, form.answers(part), sections_of(link.id), zone) if part is Section.BODY else ""
    return jsonify(version=kept, saved_at=show_time(saved_at, zone), note=note)


@bp.post("/intake/<token>/submit")
@allow(everybody=True)
def intake_submit(token: str) -> Response:
    """Hand everything to the clinic."""
    link = open_link(token)
    if link is None:
        return _closed(token)
    kept = sections_of(link.id)
    if not _progress(link, kept).ready:
        return _check_page(link, token, kept, status=422)
    try:
        with unit_of_work():
            service.submit_intake(_visitor(), link)
    except Conflict:
        return _closed(token)
    return go_to(url_for("patients.intake", token=token))


def _visitor() -> Actor:
    """Whoever holds the link: nobody who is signed in."""
    return Actor(
        user_id=None,
        name="Intake link",
        origin=request.remote_addr or "",
        request_id=g.get("request_id", ""),
    )


def _asked(link: IntakeLink) -> tuple[Section, ...]:
    """The sections asked here. A link shows nothing of the record: what was agreed to is asked of who is
    signed in.
    """
    key = (g.get("request_id"), link.id)
    if g.get("intake_asked_of") != key:
        found = consents_of(link.patient_id) if _is_household(link) else PatientConsents(lines=(), history=())
        g.intake_asked_of, g.intake_consents = key, found
    return sections_asked(consents=bool(_consents(link).lines))


def _consents(link: IntakeLink) -> PatientConsents:
    """What is asked of the patient, as far as whoever is here may know; looked up once per request."""
    if g.get("intake_asked_of") != (g.get("request_id"), link.id):
        _asked(link)
    found: PatientConsents = g.intake_consents
    return found


def _is_household(link: IntakeLink) -> bool:
    """Whether whoever is here is signed in, and may act for the patient."""
    actor: Actor | None = g.get("actor")
    if actor is None or not actor.is_patient:
        return False
    return any(patient.id == link.patient_id for patient in patients_of_login(actor.user_id or 0))


def _progress(link: IntakeLink, kept: dict[str, KeptSection]) -> Progress:
    return progress_of({name: row.complete for name, row in kept.items()}, _asked(link))


def _part(section: str, link: IntakeLink) -> Section:
    if section not in _asked(link):
        abort(404)
    return Section(section)


def _fine(form: SectionForm, part: Section, link: IntakeLink) -> bool:
    """Whether a section can be taken as it is; what is wrong is put beside its field."""
    fine = bool(form.validate())
    taken = {name for name, field in form._fields.items() if field.errors}
    answers = form.answers(part)
    zone = get_facility(link.facility_id).zone
    faults = [*service.faults_of(answers, link.patient, zone=zone), *section_faults(part, answers)]
    if part is Section.CONSENTS and _consents(link).required_missing:
        faults.append(Invalid(_("Sign what is marked as needed, or skip this part for now.")))
    for fault in faults:
        if fault.field not in taken:
            form.refuse(fault)
    return fine and not faults


def _note(part: Section, answers: Mapping[str, str], kept: dict[str, KeptSection], zone: str) -> str:
    """What height and weight say together, of somebody as old as they wrote."""
    if part is not Section.BODY:
        return ""
    born = kept[Section.ABOUT].answers.get("birth_date", "") if Section.ABOUT in kept else ""
    try:
        years = years_between(parse_birth(born)[0], clock.today(zone)) if born else None
    except Invalid:
        years = None
    return typed_index(answers.get("height", ""), answers.get("weight", ""), years=years)


def _section_page(
    link: IntakeLink,
    token: str,
    part: Section,
    kept: dict[str, KeptSection],
    *,
    form: SectionForm | None = None,
    status: int = 200,
) -> Response:
    row = kept.get(part)
    if form is None:
        form = FORMS[part](formdata=None)
        form.show(dict(row.answers) if row else {}, row.version if row else 0)
        if part is Section.ABOUT and not (row and row.answers.get("locale")):
            form["locale"].data = link.patient.locale
    asked, zone = _asked(link), get_facility(link.facility_id).zone
    return _page(
        link,
        "patients/intake.html",
        "patients/_intake_form.html",
        status,
        token=token,
        form=form,
        part=part,
        title=title_of(part),
        number=asked.index(part) + 1,
        back=before(part, asked),
        following=after(part, asked) or "check",
        sections=[(section, title_of(section)) for section in asked],
        done=_progress(link, kept).done,
        needed=part in NEEDED,
        note=_note(part, form.answers(part), kept, zone),
        patient_id=link.patient_id,
        consents=_consents(link).lines if part is Section.CONSENTS else (),
        consent_words=consent_words,
        saved_at=show_time(row.saved_at, zone) if row else None,
    )


def _check_page(link: IntakeLink, token: str, kept: dict[str, KeptSection], *, status: int = 200) -> Response:
    """Everything that was entered, to look over before it is sent in."""
    shown = []
    zone = get_facility(link.facility_id).zone
    progress = _progress(link, kept)
    for section in progress.sections:
        form = FORMS[section](formdata=None)
        row = kept.get(section)
        form.show(dict(row.answers) if row else {}, 0)
        lines = [(form[name].label.text, _worded(form[name])) for name in FIELDS[section] if form[name].data]
        if section is Section.CONSENTS:
            lines = [
                (consent_words.title_of(line.version), consent_words.state_word(line.state))
                for line in _consents(link).lines
            ]
        note = _note(section, form.answers(section), kept, zone)
        shown.append((section, title_of(section), lines, section in progress.done, section in NEEDED, note))
    return _page(
        link,
        "patients/intake_check.html",
        "patients/intake_check.html",
        status,
        token=token,
        shown=shown,
        ready=progress.ready,
        done=len(progress.done),
    )


def _worded(field: Field) -> str:
    choices = dict(getattr(field, "choices", None) or [])
    return str(choices.get(field.data, field.data))


def _page(
    link: IntakeLink, template: str, shape: str | None = None, status: int = 200, /, **values: Any
) -> Response:
    """In the language chosen in this browser or by who is signed in to the portal, else in the patient's."""
    facility = get_facility(link.facility_id)
    values = {
        "facility": facility,
        "clinic_name": facility.name,
        "portal_home_url": _home(),
        **values,
    }
    actor: Actor | None = g.get("actor")
    if session.get("locale") in LOCALES or (actor is not None and actor.is_patient):
        return page(template, shape, status, **values)
    with force_locale(link.patient.locale if link.patient.locale in LOCALES else "en"):
        return page(template, shape, status, **values)


def _home() -> str:
    """Where the clinic's name leads: to the portal for who is signed in there, else nowhere else."""
    actor: Actor | None = g.get("actor")
    return url_for("portal.home") if actor is not None and actor.is_patient else request.path


def _closed(token: str) -> Response:
    """The same words for every link that cannot be used; only the status tells one that was from one that
    never was.
    """
    return page(
        "patients/intake_closed.html", "patients/intake_closed.html", 410 if link_ended(token) else 404
    )
