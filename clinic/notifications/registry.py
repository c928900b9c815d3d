"""What the domains above say of their messages: how to load what one needs, and whether it is still wanted.

A domain registers its kinds when the application starts, so that nothing here knows of visits or patients.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clinic.core import clock
from clinic.notifications.models import Channel, Message
from clinic.notifications.placeholders import LETTERHEAD, Placeholder, Values


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with an e-mail: ``content_type`` such as ``text/calendar``, and its parameters."""

    name: str
    content_type: str
    data: bytes
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Content:
    """Fresh rows, read just before sending: where to, and the values of the text.

    ``address`` is an E.164 number or an e-mail address, None when there is none. ``zone`` is the facility's.
    ``facts`` is what ``still_wanted`` looks at and the text does not need. ``attachments`` go with e-mails
    only.
    """

    address: str | None
    zone: str = clock.HOME_ZONE
    values: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


class Category(StrEnum):
    """What a kind is for. The first three cannot be switched off, and know no quiet hours."""

    SECURITY = "security"
    LEGAL = "legal"
    SAFETY = "safety"
    VISIT = "visit"
    REMINDER = "reminder"
    OFFER = "offer"
    NEWS = "news"


ALWAYS = frozenset({Category.SECURITY, Category.LEGAL, Category.SAFETY})
"""What reaches people whatever they chose."""
ALL_CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.PUSH, Channel.IN_APP)


@dataclass(frozen=True, kw_only=True)
class Opens:
    """The page a message leads to: an endpoint and the values of its address."""

    endpoint: str
    values: Mapping[str, Any] = field(default_factory=dict)


Load = Callable[[Sequence[Message]], Mapping[int, Content]]
StillWanted = Callable[[Message, Content], str | None]


def always_wanted(_message: Message, _content: Content) -> str | None:
    """For messages that nothing but their expiry makes stale."""
    return None


@dataclass(frozen=True, kw_only=True)
class MessageKind:
    """One kind of message.

    ``load`` reads what many messages need in one go; a message it leaves out has lost its subject.
    ``still_wanted`` answers None, or why the message must not go any more (a value of ``wording.Why``). The
    texts are ``templates/messages/<template>/{sms.txt,subject.txt,body.txt,body.html}``. ``has_secret`` marks
    codes and links: once they are final nobody can send them again. ``channels`` are those it goes over where
    somebody can be reached by them and chose nothing else; ``choice`` is the name under which people choose,
    where several kinds share one, and ``to_choose`` shows it to patients. ``opens`` names the page that an
    in-app or push message leads to.

    ``placeholders`` are what a clinic's own text may name, beside the clinic itself. ``sample`` makes values
    like those of ``load``, of nobody, in the language in use, to show and check texts with. Messages for
    which ``own_text_when`` is false keep the standard text; ``own_text_note`` says so to its writer.
    """

    name: str
    label: Any
    load: Load
    still_wanted: StillWanted = always_wanted
    template: str = ""
    has_secret: bool = False
    category: Category = Category.VISIT
    channels: tuple[Channel, ...] = (Channel.EMAIL, Channel.IN_APP)
    choice: str = ""
    to_choose: bool = False
    opens: Callable[[Message, Content], Opens | None] = lambda _message, _content: None
    placeholders: tuple[Placeholder, ...] = ()
    sample: Callable[[], Values] = dict
    own_text_when: Callable[[Values], bool] = lambda _values: True
    own_text_note: Any = ""

    @property
    def folder(self) -> str:
        return f"messages/{self.template or self.name}"

    @property
    def all_placeholders(self) -> dict[str, Placeholder]:
        """By name, those of every message among them."""
        return {one.name: one for one in (*self.placeholders, *LETTERHEAD)}

    def fill(self, values: Values) -> dict[str, str]:
        """The placeholders' values as plain strings, from what the templates get, in the language in use."""
        return {name: one.of(values) for name, one in self.all_placeholders.items()}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody as the list of messages shows them."""

    name: str
    mobile: str | None = None
    email: str | None = None


LoadPeople = Callable[[Collection[int]], Mapping[int, Person]]
_kinds: dict[str, MessageKind] = {}
_people: dict[str, LoadPeople] = {}


def register(kind: MessageKind) -> None:
    """Make a kind of message known, under its name."""
    _kinds[kind.name] = kind


def kind_of(name: str) -> MessageKind | None:
    """The kind called ``name``; None when no domain knows it any more."""
    return _kinds.get(name)


def kinds() -> tuple[MessageKind, ...]:
    """Every kind, in the order the domains made them known."""
    return tuple(_kinds.values())


def register_people(recipient_type: str, load: LoadPeople) -> None:
    """Say how recipients of a type are looked up for the list of messages: ``load(ids)`` gives them by id."""
    _people[recipient_type] = load


def people(recipient_type: str, ids: Collection[int]) -> Mapping[int, Person]:
    """The recipients of a type by id; those nobody knows are left out."""
    load = _people.get(recipient_type)
    return load(ids) if load and ids else {}


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """The clinic a message comes from: what stands at its foot. Empty where nothing is set up yet."""

    clinic: str = ""
    clinic_phone: str = ""
    clinic_address: str = ""


LoadLetterhead = Callable[[int | None], Letterhead]
_letterhead: list[LoadLetterhead] = []


def register_letterhead(load: LoadLetterhead) -> None:
    """Say how a facility is looked up for the foot of messages; its id is None where none is meant."""
    _letterhead[:] = [load]


def letterhead(facility_id: int | None) -> Letterhead:
    """The clinic a message of this facility comes from."""
    return _letterhead[0](facility_id) if _letterhead else Letterhead()


LoadReaders = Callable[[int], Collection[int]]
_readers: dict[str, LoadReaders] = {}


def register_readers(recipient_type: str, load: LoadReaders) -> None:
    """Say whose sign-ins read what goes to a recipient of a type: ``load(id)`` gives the ids of users."""
    _readers[recipient_type] = load


def readers(message: Message) -> Collection[int]:
    """The ids of the users who read a message in their inbox, or hear it by push."""
    load = _readers.get(message.recipient_type)
    return load(message.recipient_id) if load and message.recipient_id is not None else ()
