"""The calendar's cells as HTML. There are many of them, so they are put together here and not by a template;
whatever a person typed is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import url_for
from markupsafe import Markup, escape

from clinic.core.i18n import gettext as _
from clinic.scheduling.grid import Drawn, Visit

SHORT = 4
"""A visit of so few rows has one line."""


class Pen:
    """Draws the columns of one page in the reader's language; words and addresses are looked up once."""

    def __init__(self, *, by_kind: str, week: bool, list_url: str) -> None:
        self.week = week
        self.shows_person = by_kind in ("room", "equipment")
        self.list_url = list_url
        self.seen: set[str] = set()
        sprite = str(escape(url_for("static", filename="img/icons.svg")))
        words = {
            "pending": ("circle-dashed", _("Unconfirmed")),
            "arrived": ("armchair", _("Arrived")),
            "in_progress": ("circle-dot", _("With practitioner")),
            "completed": ("check", _("Done")),
            "no_show": ("user-x", _("No-show")),
            "late": ("clock-alert", _("Late")),
            "overbooked": ("copy", _("Overbooked")),
        }
        self.icons = {
            state: f'<svg class="icon" role="img" aria-label="{escape(word)}">'
            f'<use href="{sprite}#{name}"></use></svg>'
            for state, (name, word) in words.items()
        }
        self.book = str(escape(_("Book")))
        self.pause = str(escape(_("Break")))
        self.seats = str(escape(_("group")))

    def columns(self, drawn: Sequence[Drawn], knot: str) -> Markup:
        """All columns; ``knot`` marks the present in those that are in session."""
        return Markup("".join([self._column(column, knot) for column in drawn]))  # noqa: S704 (escaped below)

    def _column(self, column: Drawn, knot: str) -> str:
        name = str(escape(column.name))
        parts = [f'<div class="cal-col" role="group" aria-labelledby="c{column.key}" data-name="{name}"']
        if column.practitioner_id:
            parts.append(f' data-practitioner="{column.practitioner_id}"')
        elif column.kind != "practitioner":
            parts.append(f' data-{"room" if column.kind == "room" else "resource"}="{column.resource_id}"')
        if self.week:
            parts.append(f' data-day="{column.day.isoformat()}"')
        parts.append(">")
        parts += [f'<div class="cal-closed gr{one.row} gs{one.rows}"></div>' for one in column.closed]
        parts += [
            f'<div class="cal-closed is-break gr{one.row} gs{one.rows}"><span>{self.pause}</span></div>'
            for one in column.breaks
        ]
        parts += [
            f'<div class="cal-off gr{one.row} gs{one.rows}"><span>{escape(one.text)}</span></div>'
            for one in column.off
        ]
        parts.append(self._gaps(column))
        parts += [self._visit(visit) for visit in column.visits]
        if column.in_session and column.is_today:
            parts.append(knot)
        parts.append("</div>")
        return "".join(parts)

    def _gaps(self, column: Drawn) -> str:
        """Free stretches, as links to the booking form."""
        if not column.gaps:
            return ""
        start = f'" href="{self._new(column.day)}&amp;practitioner={column.practitioner_id}&amp;time='
        return "".join(
            [
                f'<a class="cal-gap gr{gap.row} gs{gap.rows}{start}{gap.text}">{self.book} {gap.text}</a>'
                for gap in column.gaps
            ]
        )

    def _new(self, day: date) -> str:
        return f"/appointments/new?day={day.isoformat()}"

    def _visit(self, visit: Visit) -> str:
        cell = visit.cell
        parts = []
        if visit.before:
            row = visit.row - visit.before
            parts.append(f'<div class="cal-buffer is-before gr{row} gs{visit.before}"></div>')
        if visit.after:
            parts.append(f'<div class="cal-buffer gr{visit.row + visit.rows} gs{visit.after}"></div>')
        late = " is-late" if visit.late else ""
        more = " is-overbooked" if cell.overbooked else (" is-group" if cell.session_id else "")
        side = f" {visit.side}" if visit.side else ""
        parts.append(
            f'<a class="appt hue-s{cell.hue} is-{cell.status}{late}{more} gr{visit.row} gs{visit.rows}{side}"'
            f"{self._address(visit)}>{self._words(visit)}{self._marks(visit)}</a>"
        )
        return "".join(parts)

    def _address(self, visit: Visit) -> str:
        """Where a visit leads. One that can be moved carries its version; ``data-fixed`` says that it stays
        in its column.
        """
        cell = visit.cell
        if cell.session_id:
            return f' href="{self.list_url}&amp;session={cell.session_id}" id="g{cell.session_id}"'
        if not cell.reference:
            return ""
        key = cell.reference
        while key in self.seen:
            key += "-"
        self.seen.add(key)
        address = f' href="/appointments/{cell.reference}" id="v{key}"'
        if visit.movable:
            address += f' data-v="{cell.version}"'
            if not visit.leads:
                address += f' data-fixed data-lead="{cell.practitioner_id}"'
        return address

    def _words(self, visit: Visit) -> str:
        cell = visit.cell
        what = f"{cell.service}, {cell.practitioner}" if self.shows_person and cell.service else cell.service
        if cell.session_id:
            name = f"{cell.service} {cell.seats}/{cell.capacity}"
            what = cell.practitioner if self.shows_person else self.seats
        else:
            name = cell.patient
        time = f'<i class="sr-only">{visit.starts} </i>' if visit.rows <= SHORT else f"{visit.starts} "
        return f"<strong>{escape(name)}</strong> <span>{time}{escape(what)}</span>"

    def _marks(self, visit: Visit) -> str:
        cell = visit.cell
        marks = [
            self.icons[mark]
            for mark, wanted in (
                ("overbooked", cell.overbooked),
                ("late", visit.late),
                (cell.status, not visit.late and cell.status in self.icons),
            )
            if wanted
        ]
        return f'<span class="appt-icons">{"".join(marks)}</span>' if marks else ""
