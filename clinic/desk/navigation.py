"""What surrounds every page: the words of the masthead, who is signed in, and how far the day is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, overload

from flask import Flask, g, request, url_for

from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities import queries as facilities
from clinic.facilities.models import Facility
from clinic.notifications import queries as messages

ARRANGING = {
    "services": "services",
    "service": "services",
    "rooms": "rooms",
    "room": "rooms",
    "equipment": "rooms",
    "one_equipment": "rooms",
    "resources": "resources",
    "resource_hours": "resources",
    "hours": "resources",
    "opening_hours": "resources",
    "closures": "resources",
    "first_free_times": "first_free_times",
    "sessions": "sessions",
    "session": "sessions",
    "new_sessions": "sessions",
}
"""The schedule's pages that are not the calendar, and the word of the masthead that each belongs to."""


OF_A_PATIENT = ("prescriptions.show", "prescriptions.edit", "encounters.assessment", "records.")
"""The beginnings of pages that belong to a patient, wherever their address stands."""


@dataclass(frozen=True)
class NavItem:
    """One word of the masthead. ``count`` speaks only when something waits."""

    label: str
    href: str
    icon: str
    current: bool
    count: int = 0


@dataclass(frozen=True)
class PersonShown:
    """Who is signed in, as the masthead shows it."""

    name: str
    role_label: str
    initials: str


def init_navigation(app: Flask) -> None:
    """Give every template what its layout asks for."""
    app.context_processor(_surroundings)


def _surroundings() -> dict[str, Any]:
    actor: Actor | None = g.get("person") if g.get("actor") else None
    if g.get("bare_page"):
        return {}
    try:
        facility = here()
    except NotFound:
        # Nothing has been set up yet: the pages that can be shown name no clinic, and moments are in UTC.
        return {"facility": None, "zone": "UTC"}
    values: dict[str, Any] = {
        "clinic_name": facility.name,
        "facility": facility,
        "zone": facility.zone,
        "day_thread": how_far(clock.now(), facility),
        "portal_home_url": url_for("portal.home"),
        "home_url": url_for("desk.home"),
        "locale_url": url_for("accounts.choose_locale"),
        "sign_out_url": url_for("accounts.sign_out"),
    }
    if actor is not None:
        values["current_person"] = PersonShown(actor.name, _role_label(actor), _initials(actor.name))
        if actor.is_staff:
            values["nav_items"] = _WhenShown(lambda: _items(actor, facility))
            account = NavItem(_("Your account"), url_for("accounts.account"), "key-round", current=False)
            values["person_items"] = [account]
            values["inbox_url"] = url_for("inbox.index")
            if actor.has(Role.PRACTITIONER, Role.THERAPIST):
                outside = url_for("scheduling.my_calendar")
                values["person_items"].append(
                    NavItem(_("Your calendar elsewhere"), outside, "calendar-days", current=False)
                )
            if actor.has(Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST):
                values["search_url"] = url_for("search.results")
                values["recent_url"] = url_for("search.recent")
                values["forget_url"] = url_for("search.forget_recent")
    return values


class _WhenShown(Sequence[NavItem]):
    """Words that are only looked up by a page that shows them: a fragment has no masthead."""

    def __init__(self, look_up: Callable[[], list[NavItem]]) -> None:
        self._look_up = look_up

    @cached_property
    def _found(self) -> list[NavItem]:
        return self._look_up()

    @overload
    def __getitem__(self, at: int) -> NavItem: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[NavItem]: ...
    def __getitem__(self, at: int | slice) -> NavItem | Sequence[NavItem]:
        return self._found[at]

    def __len__(self) -> int:
        return len(self._found)


def here() -> Facility:
    """The facility this request is about, looked up once."""
    if "facility" not in g:
        actor: Actor | None = g.get("actor")
        g.facility = (
            facilities.facility_of(actor) if actor and actor.is_staff else facilities.default_facility()
        )
    facility: Facility = g.facility
    return facility


def how_far(moment: datetime, facility: Facility) -> float:
    """How much of the facility's day has gone, 0 at opening and 1 at closing."""
    day = moment.astimezone(clock.zone(facility.zone)).date()
    opens, closes = (clock.at(day, wall, facility.zone) for wall in (facility.opens, facility.closes))
    return min(1.0, max(0.0, (moment - opens) / (closes - opens)))


def _items(actor: Actor, facility: Facility) -> list[NavItem]:
    """The words for this person's roles, the most used first."""
    desk = actor.has(Role.RECEPTIONIST, Role.FACILITY_ADMIN)
    clinical = actor.has(Role.PRACTITIONER, Role.THERAPIST)
    manager = actor.has(Role.ADMIN, Role.FACILITY_ADMIN)
    words = [
        (desk, _("Today"), "today.board", "house", ("today",)),
        (clinical, _("My day"), "encounters.my_day", "notebook-pen", ("encounters",)),
        (desk or clinical, _("Calendar"), "scheduling.calendar", "calendar", ("scheduling",)),
        (desk or clinical, _("Patients"), "patients.index", "users", ("patients", "patient_page")),
        (
            desk or actor.has(Role.ADMIN),
            _("Messages"),
            "notifications.index",
            "message-square",
            ("notifications", "broadcasts", "inbox.inbound"),
        ),
        (desk or clinical, _("First free time"), "scheduling.first_free_times", "calendar-clock", ()),
        (desk or clinical, _("Group sessions"), "scheduling.sessions", "users", ()),
        (desk, _("Hours and closures"), "scheduling.resources", "calendar-x", ()),
        (manager, _("Practitioners"), "practitioners.index", "stethoscope", ("practitioners",)),
        (
            manager,
            _("People"),
            "accounts.people",
            "user-round-cog",
            ("accounts.person", "accounts.invite_person"),
        ),
        (manager, _("Clinics"), "facilities.index", "building-2", ("facilities",)),
        (actor.has(Role.ADMIN), _("Message texts"), "message_texts.index", "pencil", ("message_texts",)),
        (manager, _("Services"), "scheduling.services", "list", ()),
        (actor.has(Role.PRACTITIONER), _("Prescription sets"), "prescriptions.sets", "pill", ()),
        (
            actor.has(Role.ADMIN, Role.PRACTITIONER),
            _("Medicines"),
            "prescriptions.medicine_list",
            "pill",
            ("prescriptions.medicine", "prescriptions.new_medicine"),
        ),
        (
            actor.has(Role.ADMIN, Role.PRACTITIONER),
            _("Rules for prescriptions"),
            "prescriptions.rules",
            "shield-check",
            ("prescriptions.rule", "prescriptions.new_rule"),
        ),
        (actor.has(Role.ADMIN), _("Code lists"), "code_lists.index", "book-open", ("code_lists",)),
        (
            manager or actor.has(Role.PRACTITIONER),
            _("Note templates"),
            "note_templates.index",
            "notebook-pen",
            ("note_templates",),
        ),
        (clinical, _("Snippets"), "snippets.index", "pencil", ("snippets",)),
        (actor.has(Role.ADMIN), _("Consents"), "consents.index", "signature", ("consents",)),
        (manager, _("Rooms"), "scheduling.rooms", "door-open", ()),
        (
            clinical or actor.has(Role.ADMIN),
            _("Emergency access"),
            "emergency.ask",
            "triangle-alert",
            ("emergency",),
        ),
        (actor.has(Role.ADMIN), _("Audit"), "audit.index", "shield-check", ("audit",)),
        (desk or manager, _("Import and export"), "imports.index", "file-up", ("imports", "exports")),
    ]
    endpoint = request.endpoint or ""
    taken = {f"scheduling.{page}" for page in ARRANGING}
    items = []
    for shown, label, target, icon, areas in words:
        if shown:
            here = endpoint in areas or endpoint.split(".")[0] in areas
            current = endpoint == target or (here and endpoint not in taken)
            current = current or target == f"scheduling.{ARRANGING.get(endpoint.removeprefix('scheduling.'))}"
            if endpoint.startswith(OF_A_PATIENT):
                current = target == "patients.index"
            count = messages.failed_count(facility.id) if target == "notifications.index" else 0
            items.append(NavItem(label, url_for(target), icon, current, count))
    return items


def _role_label(actor: Actor) -> str:
    labels = {
        Role.ADMIN: _("Administrator"),
        Role.FACILITY_ADMIN: _("Clinic manager"),
        Role.PRACTITIONER: _("Practitioner"),
        Role.THERAPIST: _("Therapist"),
        Role.RECEPTIONIST: _("Reception"),
    }
    return next((label for role, label in labels.items() if role in actor.roles), _("Patient"))


def _initials(name: str) -> str:
    words = [word for word in name.split() if word[:1].isalpha() and word.lower().rstrip(".") != "dr"]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "·"
