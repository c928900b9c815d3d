"""What people choose among: kinds of messages by what they are for, and the ways each can go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.notifications import preferences
from clinic.notifications.models import Channel
from clinic.notifications.preferences import Choices, choice_of, wants
from clinic.notifications.registry import ALL_CHANNELS, ALWAYS, Category, MessageKind, kinds

TITLES: Mapping[Category, Any] = {
    Category.VISIT: _l("Visits"),
    Category.REMINDER: _l("Reminders"),
    Category.OFFER: _l("Free times"),
    Category.NEWS: _l("News"),
}
CHANNEL_NAMES: Mapping[Channel, Any] = {
    Channel.SMS: _l("SMS"),
    Channel.EMAIL: _l("E-mail"),
    Channel.PUSH: _l("Notice"),
    Channel.IN_APP: _l("Inbox"),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One kind over one way: ``value`` is how a form names it; None where the kind never goes that way."""

    channel: Channel
    value: str
    wanted: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of message, with a cell for each of ``ALL_CHANNELS``."""

    label: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Kinds that are for the same."""

    title: str
    rows: tuple[Row, ...]


def patients_kinds() -> list[MessageKind]:
    """The kinds patients choose about."""
    return [kind for kind in kinds() if kind.to_choose and kind.category not in ALWAYS]


def groups(choices: Choices) -> list[Group]:
    """All there is for a patient to choose, as it stands."""
    by_category: dict[Category, list[Row]] = {category: [] for category in TITLES}
    for kind in patients_kinds():
        by_category[kind.category].append(
            Row(
                label=str(kind.label),
                cells=tuple(
                    Cell(channel=way, value=_value(kind, way), wanted=wants(kind, way, choices))
                    if way in kind.channels
                    else None
                    for way in ALL_CHANNELS
                ),
            )
        )
    return [
        Group(title=str(TITLES[category]), rows=tuple(rows)) for category, rows in by_category.items() if rows
    ]


def tells_of_changes(choices: Choices) -> bool:
    """Whether news of a moved or cancelled visit still reaches the patient over some way."""
    return all(
        any(wants(kind, way, choices) for way in kind.channels)
        for kind in patients_kinds()
        if kind.category is Category.VISIT
    )


def changes(ticked: Collection[str], choices: Choices) -> dict[tuple[str, str], bool]:
    """What a form changes, by choice and channel; ``ticked`` are the values of its ticked boxes."""
    return {
        (choice_of(kind), way): (_value(kind, way) in ticked)
        for kind in patients_kinds()
        for way in kind.channels
        if (_value(kind, way) in ticked) != wants(kind, way, choices)
    }


def read_quiet(begins: str, ends: str) -> tuple[time, time] | None:
    """Quiet hours as two fields carry them (``22:00``); None when both are empty. Raises Invalid."""
    if not begins.strip() and not ends.strip():
        return None
    return _time(begins, "quiet_from"), _time(ends, "quiet_to")


def save(
    recipient_ids: Iterable[int], *, ticked: Collection[str], quiet: tuple[time, time] | None
) -> dict[int, list[str]]:
    """Write down what a form says for these patients; what changed for each, for the audit trail."""
    changed: dict[int, list[str]] = {}
    for patient_id in recipient_ids:
        now = changes(ticked, preferences.choices_of("patient", patient_id))
        preferences.choose("patient", [patient_id], now)
        preferences.keep_quiet("patient", [patient_id], quiet)
        changed[patient_id] = [
            f"{choice}:{way}:{'on' if wanted else 'off'}" for (choice, way), wanted in now.items()
        ]
    return changed


def _time(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text.strip()[:5])
    except ValueError:
        raise Invalid(_("Give both times, such as 22:00 and 07:00."), field=field) from None


def _value(kind: MessageKind, channel: Channel) -> str:
    return f"{choice_of(kind)} {channel}"
