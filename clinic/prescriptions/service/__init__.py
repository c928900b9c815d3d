"""Prescriptions begun, written, signed, ended."""

from clinic.prescriptions.service.beginning import author_of, begin, begin_for_note, repeat
from clinic.prescriptions.service.ending import share, stop, stop_line
from clinic.prescriptions.service.keeping import (
    drop_favourite,
    remove_set,
    restore_set,
    save_set,
    set_lines,
    share_set,
    star,
)
from clinic.prescriptions.service.signing import accept, check, has_texts, open_findings, sign
from clinic.prescriptions.service.writing import (
    Saved,
    Seen,
    add_line,
    add_lines,
    discard,
    move_line,
    remove_line,
    restore_line,
    save,
)

__all__ = [
    "Saved",
    "Seen",
    "accept",
    "add_line",
    "add_lines",
    "author_of",
    "begin",
    "begin_for_note",
    "check",
    "discard",
    "drop_favourite",
    "has_texts",
    "move_line",
    "open_findings",
    "remove_line",
    "remove_set",
    "repeat",
    "restore_line",
    "restore_set",
    "save",
    "save_set",
    "set_lines",
    "share",
    "share_set",
    "sign",
    "star",
    "stop",
    "stop_line",
]
