"""What a patient wants to hear and how, when they want quiet, and which of their phones take notices."""

from __future__ import annotations

from flask import Response, current_app, request, url_for

from clinic.accounts.display import device_name
from clinic.audit import service as audit
from clinic.config import Settings
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.notifications import choosing, preferences, push
from clinic.patients.queries import get_patient_for_change
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household


@bp.get("/preferences")
@allow(Role.PATIENT)
def message_preferences() -> Response:
    """The page."""
    return _page()


@bp.post("/preferences")
@allow(Role.PATIENT)
def save_preferences() -> Response:
    """Keep what was ticked, for the chosen member or for everybody on this sign-in."""
    actor, family = current_actor(), household()
    ticked = set(request.form.getlist("want"))
    everybody = request.form.get("everybody") == "yes"
    locale = request.form.get("locale", "")
    members = family.patients if everybody else (family.chosen,)
    try:
        quiet = choosing.read_quiet(request.form.get("quiet_from", ""), request.form.get("quiet_to", ""))
        with unit_of_work():
            changed = choosing.save([member.id for member in members], ticked=ticked, quiet=quiet)
            for member in members:
                if locale in LOCALES and member.locale != locale:
                    get_patient_for_change(actor, member.id).locale = locale
                audit.record(
                    actor,
                    "preferences.changed",
                    subject_type="patient",
                    subject_id=member.id,
                    patient_id=member.id,
                    facility_id=member.facility_id,
                    detail={"changed": changed[member.id], "quiet": quiet is not None},
                )
    except DomainError as error:
        return _page(refused=error, status=error.status)
    say(_("Your choices are kept."))
    return go_to(url_for("portal.message_preferences"))


@bp.post("/devices")
@allow(Role.PATIENT)
def add_device() -> Response:
    """This browser takes notices from now on; the page's script sends where it is reached."""
    settings: Settings = current_app.extensions["settings"]
    if not push.is_on(settings):
        return Response("", 404)
    with unit_of_work():
        push.switch_on(
            current_actor(),
            settings,
            endpoint=request.form.get("endpoint", ""),
            p256dh=request.form.get("p256dh", ""),
            auth=request.form.get("auth", ""),
            agent=device_name(request.headers.get("User-Agent", "")),
        )
    return Response("", 204)


@bp.post("/devices/<id:device_id>/remove")
@allow(Role.PATIENT)
def remove_device(device_id: int) -> Response:
    """One of the reader's browsers takes no more notices."""
    with unit_of_work():
        push.switch_off(current_actor(), device_id)
    say(_("This device gets no more notices."))
    return go_to(url_for("portal.message_preferences") + "#phone")


def _page(*, refused: DomainError | None = None, status: int = 200) -> Response:
    settings: Settings = current_app.extensions["settings"]
    family = household()
    patient = family.chosen
    choices = dict(preferences.choices_of("patient", patient.id))
    if refused is not None:
        choices |= choosing.changes(set(request.form.getlist("want")), choices)
    hours = preferences.quiet_hours_of("patient", patient.id)
    typed = request.form if refused is not None else {}
    return page(
        "portal/preferences.html",
        status=status,
        family=family,
        patient=patient,
        groups=choosing.groups(choices),
        channels=choosing.CHANNEL_NAMES,
        tells_of_changes=choosing.tells_of_changes(choices),
        quiet_from=typed.get("quiet_from", f"{hours[0]:%H:%M}" if hours else ""),
        quiet_to=typed.get("quiet_to", f"{hours[1]:%H:%M}" if hours else ""),
        refused=refused,
        locales=LOCALES,
        locale=typed.get("locale", patient.locale),
        stopped=bool(patient.mobile and preferences.has_stopped(patient.mobile)),
        devices=push.devices_of(current_actor().user_id or 0),
        push_key=push.public_key(settings) if push.is_on(settings) else "",
    )
