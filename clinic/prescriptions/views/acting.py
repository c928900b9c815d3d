"""What a button of the form does, beside saving: ``do`` names it, with a line's id behind a colon."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import request, url_for

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.web import read_id
from clinic.prescriptions import lists, queries, service
from clinic.prescriptions.editor import Tried
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.service import Saved, Seen
from clinic.prescriptions.suggesting import picked, typed_line


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of it: how the form is shown again, or where to go on and what to say there."""

    tried: Tried = field(default_factory=Tried)
    go_to: str = ""
    said: str = ""


def typed_seen() -> Seen:
    """Which version the form was drawn from, and which page sends it."""
    return Seen(
        version=read_id(request.form.get("version")) or 0,
        page=request.form.get("page", "")[:64],
        turn=read_id(request.form.get("turn")) or 0,
    )


def act(actor: Actor, prescription: Prescription, typed: dict[str, str], saved: Saved) -> Done:
    """Do what the button says, over the version that was just saved."""
    if typed.get("pick"):
        return _pick(actor, prescription, typed, saved)
    what, _colon, about = typed.get("do", "").partition(":")
    if what in ("", "add"):
        return _add(actor, prescription, typed, saved)
    if what == "sign":
        service.sign(actor, prescription, version=saved.version)
        return _signed(prescription)
    if what == "accept":
        service.accept(actor, prescription, about, typed.get(f"reason-{about}", ""))
        return Done()
    if what in ("set", "save-set"):
        return _sets(actor, prescription, typed, saved, what)
    return _line(actor, prescription, saved, what, read_id(about) or 0)


def _line(actor: Actor, prescription: Prescription, saved: Saved, what: str, line_id: int) -> Done:
    version = saved.version
    if what == "remove":
        gone = next((row for row in queries.lines_of(prescription.id) if row.id == line_id), None)
        if gone is None:
            return Done()
        service.remove_line(actor, prescription, line_id, version=version)
        return Done(tried=Tried(removed=gone))
    if what == "restore":
        service.restore_line(actor, prescription, line_id, version=version)
        return Done(tried=Tried(focus=line_id))
    if what in ("up", "down"):
        service.move_line(actor, prescription, line_id, version=version, down=what == "down")
        return Done()
    if what == "star":
        service.star(actor, prescription, line_id)
    return Done()


def _add(actor: Actor, prescription: Prescription, typed: dict[str, str], saved: Saved) -> Done:
    """The medicine in the line for new ones, if there is one."""
    name = typed.get("new-name", "")
    if not name.strip():
        return Done()
    added = service.add_line(
        actor,
        prescription,
        typed_line(actor, name),
        version=saved.version,
        key=typed.get("add-key", "")[:64] or None,
    )
    return Done(tried=Tried(focus=added.line_id))


def _pick(actor: Actor, prescription: Prescription, typed: dict[str, str], saved: Saved) -> Done:
    line = picked(actor, typed["pick"], typed.get("new-name", ""))
    if line is None:
        return Done()
    key = typed.get("add-key", "")[:64] or None
    added = service.add_line(actor, prescription, line, version=saved.version, key=key)
    return Done(tried=Tried(focus=added.line_id))


def _sets(actor: Actor, prescription: Prescription, typed: dict[str, str], saved: Saved, what: str) -> Done:
    if what == "save-set":
        service.save_set(
            actor, prescription, typed.get("set-name", ""), shared=typed.get("set-shared") == "y"
        )
        return Done(tried=Tried())
    found = lists.get_set(actor, read_id(typed.get("set-id")) or 0, [prescription.facility_id])
    added = service.add_lines(
        actor,
        prescription,
        service.set_lines(found),
        version=saved.version,
        key=typed.get("add-key", "")[:64] or None,
    )
    empty = {name: text for name, text in found.texts.items() if not getattr(prescription, name)}
    if empty:
        service.save(actor, prescription, empty, seen=Seen(version=added.version))
    return Done(tried=Tried(focus=added.line_id))


def _signed(prescription: Prescription) -> Done:
    shown = prescription.shared_at is not None
    said = _("Signed. The patient is told that it is ready.") if shown else _("Signed.")
    if prescription.note_id:
        where = url_for("encounters.show", note_id=prescription.note_id, _anchor="panel-prescription")
    else:
        where = url_for("prescriptions.show", prescription_id=prescription.id)
    return Done(go_to=where, said=said)
