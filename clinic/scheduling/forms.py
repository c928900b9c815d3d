"""The shape of what is typed when hours, rooms and services are arranged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, DecimalField, Field, IntegerField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import lazy as _l
from clinic.core.text import one_line
from clinic.scheduling.note_templates import STANDARD
from clinic.scheduling.service.feeds import Notices

REQUIRED = InputRequired(_l("Fill this in."))


class RoomForm(Form):
    """A room, what it is for, and how many visits fit in at once."""

    name = LineField(_l("Name"), [REQUIRED], longest=80)
    room_kind = LineField(_l("Kind of room"), [REQUIRED], longest=40)
    places = IntegerField(_l("Places"), [NumberRange(1, 50, _l("A room has 1 to 50 places."))], default=1)
    active = BooleanField(_l("Can be booked"), default=True)


class EquipmentForm(Form):
    """Equipment of a kind, and how many pieces of it there are."""

    name = LineField(_l("Name"), [REQUIRED], longest=80)
    equipment_kind = LineField(_l("Kind of equipment"), [REQUIRED], longest=40)
    pieces = IntegerField(_l("Pieces"), [NumberRange(1, 50, _l("From 1 to 50 pieces."))], default=1)
    active = BooleanField(_l("Can be booked"), default=True)


class PiecesField(Field):
    """How many pieces of each kind something needs. Its data is a list of kinds, a kind twice for two.

    The form sends a hidden ``<name>_kind`` and a number ``<name>`` for each of the kinds it was offered.
    """

    widget = TextInput()
    kinds: Sequence[str] = ()
    data: list[str]
    process_errors: list[Any]

    def process(self, formdata: Any, *rest: Any, **more: Any) -> None:
        """Read pairs of kind and number; what is no number is refused."""
        super().process(formdata, *rest, **more)
        self.data = list(self.data or ())
        if formdata is None or f"{self.name}_kind" not in formdata:
            return
        self.data = []
        pairs = zip(formdata.getlist(f"{self.name}_kind"), formdata.getlist(self.name), strict=False)
        for kind, typed in pairs:
            number = typed.strip() or "0"
            if number not in tuple("0123456"):
                self.process_errors = [*self.process_errors, _l("From 0 to 6 of each.")]
                continue
            self.data += [one_line(kind)[:40]] * int(number)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Everything is done in ``process``, which sees the kinds too."""

    def rows(self) -> list[tuple[str, int]]:
        """The kinds that can be chosen and how many of each are."""
        chosen = Counter(self.data or ())
        return [(kind, chosen[kind]) for kind in dict.fromkeys((*self.kinds, *chosen))]


class ServiceForm(Form):
    """A service: what it is called, how long it takes, what it needs."""

    name = LineField(_l("Name"), [REQUIRED], longest=120)
    name_hi = LineField(_l("Name in Hindi"), longest=120)
    code = LineField(_l("Short code"), [REQUIRED], longest=40)
    minutes = IntegerField(
        _l("Minutes"), [NumberRange(5, 720, _l("A visit lasts 5 to 720 minutes."))], default=30
    )
    fee = DecimalField(
        _l("Fee"), [NumberRange(0, 9_999_999, _l("A fee is from 0 to 9,999,999."))], default=0, places=2
    )
    hue = SelectField(
        _l("Colour in the calendar"), choices=[(n, str(n)) for n in range(1, 9)], coerce=int, default=1
    )
    room_kind = LineField(_l("Kind of room it needs"), longest=40)
    note_template = SelectField(_l("Note template"), [Optional()], default=STANDARD)
    online_booking = BooleanField(_l("Patients can book it online"), default=True)
    needs_confirmation = BooleanField(_l("An online booking waits until staff confirm it"))
    before_you_come = TextField(_l("Before you come"), longest=1000)
    before_you_come_hi = TextField(_l("Before you come, in Hindi"), longest=1000)
    buffer_before = IntegerField(_l("Before it"), [Optional()], default=0)
    buffer_after = IntegerField(_l("After it"), [Optional()], default=0)
    performers = SelectMultipleField(
        _l("Who performs it"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
    notice_hours = IntegerField(_l("Book at least"), [Optional()], default=0)
    attended = SelectMultipleField(
        _l("How it is attended"),
        choices=[("in_person", _l("In person")), ("online", _l("Online"))],
        default=("in_person", "online"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    therapists = IntegerField(_l("Therapists beside"), [Optional()], default=0)
    same_sex = BooleanField(_l("Only people of the patient’s own sex"))
    equipment = PiecesField(_l("Equipment"))
    capacity = IntegerField(_l("Patients at once"), [Optional()], default=1)
    horizon_days = IntegerField(_l("Book at most"), [Optional()])
    change_hours = IntegerField(_l("Cancel or move until"), [Optional()], default=0)
    active = BooleanField(_l("Is offered"), default=True)


class InitialsForm(Form):
    """Whether a calendar outside names patients by their initials."""

    initials = BooleanField(_l("With the patient's initials"))


class NoticesForm(Form):
    """Which changes a practitioner is told of by e-mail."""

    hears_booked = BooleanField(_l("A visit was booked or confirmed"))
    hears_moved = BooleanField(_l("A visit was moved"))
    hears_cancelled = BooleanField(_l("A visit was cancelled or declined"))
    hears_soon_only = BooleanField(_l("Only of today and tomorrow"))

    def notices(self) -> Notices:
        """What was chosen."""
        return Notices(**{name: bool(self._fields[name].data) for name in Notices.__dataclass_fields__})
