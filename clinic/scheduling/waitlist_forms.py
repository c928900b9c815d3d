"""What is typed when somebody joins the waitlist, at the desk or in the portal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.core import clock
from clinic.core.forms import Form, TextField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import show_day, show_time
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.scheduling import waitlist_words as words
from clinic.scheduling.models import ALL_WEEK, Appointment, Reach, Service, WaitlistEntry
from clinic.scheduling.service.waitlist import Wanted

USUAL_WAIT = timedelta(days=28)


class BoxesField(SelectMultipleField):  # type: ignore[misc]
    """Several of a few things, as boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class WaitlistForm(Form):
    """When and with whom a time would suit, and how to reach the patient."""

    practitioners = BoxesField(_l("With whom"), coerce=int, validate_choice=False)
    from_day = DateField(_l("First day"), [InputRequired(_l("Choose the first day."))])
    until_day = DateField(_l("Last day"), [InputRequired(_l("Choose the last day."))])
    weekdays = BoxesField(_l("Weekdays"), coerce=int, validate_choice=False)
    parts = BoxesField(_l("Time of day"), validate_choice=False)
    earliest = TimeField(_l("Not before"), [Optional()])
    latest = TimeField(_l("Over by"), [Optional()])
    mode = RadioField(_l("How"), validate_choice=False, default="in_person")
    appointment_id = SelectField(_l("Visit to be given up for an earlier one"), validate_choice=False)
    reach = RadioField(_l("How to reach the patient"), validate_choice=False, default=Reach.SMS)
    note = TextField(_l("Note"), longest=500)
    urgent = BooleanField(_l("Urgent: comes before the others"))
    version = HiddenField(validators=[Length(max=18)], filters=[lambda value: value and str(value)])

    def wanted(self) -> Wanted:
        """What was typed; the service checks what it means."""
        days = [day for day in self.weekdays.data or () if 0 <= day <= 6]
        kept = str(self.appointment_id.data or "")
        return Wanted(
            from_day=self.from_day.data,
            until_day=self.until_day.data,
            weekdays=sum(1 << day for day in set(days)),
            parts=tuple(self.parts.data or ()),
            earliest=self.earliest.data,
            latest=self.latest.data,
            practitioner_ids=tuple(self.practitioners.data or ()),
            mode=self.mode.data or "in_person",
            note=self.note.data,
            urgent=self.urgent.data,
            reach=self.reach.data or "",
            appointment_id=int(kept) if kept.isascii() and kept.isdigit() and len(kept) < 19 else None,
        )

    @property
    def expected_version(self) -> int | None:
        """The version the page was opened with; None where it says none."""
        typed = self.version.data or ""
        return int(typed) if typed.isascii() and typed.isdigit() else None


@dataclass(frozen=True, kw_only=True)
class Around:
    """What the form's choices depend on. ``keepable`` are visits that could be given up."""

    facility: Facility
    service: Service
    patient: Patient
    people: Sequence[tuple[int, str]]
    keepable: Sequence[Appointment]
    for_patient: bool = False


def offer_choices(form: WaitlistForm, around: Around) -> None:
    """Give the form its choices, in the reader's language."""
    zone = around.facility.zone
    form.practitioners.choices = list(around.people)
    form.weekdays.choices = words.weekday_choices()
    form.parts.choices = words.part_choices()
    form.reach.choices = words.reach_choices(for_patient=around.for_patient)
    modes = (("in_person", _("At the clinic")), ("online", _("By video")))
    form.mode.choices = [(mode, label) for mode, label in modes if getattr(around.service, mode)]
    form.appointment_id.choices = [
        ("", _("None")),
        *(
            (
                str(visit.id),
                f"{show_day(visit.starts, zone)}, {show_time(visit.starts, zone)}, {visit.practitioner.name}",
            )
            for visit in around.keepable
        ),
    ]


def begin(
    form: WaitlistForm, around: Around, *, practitioner_id: int | None = None, kept: Appointment | None = None
) -> None:
    """Fill in what most people mean: from today on, four weeks or up to the visit that is kept."""
    zone = around.facility.zone
    today = clock.today(zone)
    form.from_day.data, form.until_day.data = today, today + USUAL_WAIT
    form.weekdays.data = list(range(7))
    form.practitioners.data = [practitioner_id] if practitioner_id else []
    form.mode.data = "in_person" if around.service.in_person else "online"
    ways = ((Reach.SMS, around.patient.mobile), (Reach.EMAIL, around.patient.email))
    form.reach.data = next((way for way, address in ways if address), Reach.CALL)
    if kept is not None:
        form.appointment_id.data = str(kept.id)
        form.until_day.data = max(today, kept.starts.astimezone(clock.zone(zone)).date())
        form.mode.data = kept.mode


def show_entry(form: WaitlistForm, entry: WaitlistEntry, practitioner_ids: Collection[int]) -> None:
    """Fill in an entry as it stands."""
    form.practitioners.data = list(practitioner_ids)
    form.from_day.data, form.until_day.data = entry.from_day, entry.until_day
    form.weekdays.data = entry.weekday_numbers if entry.weekdays != ALL_WEEK else list(range(7))
    form.parts.data = list(entry.parts)
    form.earliest.data, form.latest.data = entry.earliest, entry.latest
    form.mode.data, form.reach.data = entry.mode, entry.reach
    form.appointment_id.data = str(entry.appointment_id or "")
    form.note.data, form.urgent.data = entry.note, entry.urgent
    form.version.data = str(entry.version)
