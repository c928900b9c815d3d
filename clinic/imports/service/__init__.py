"""What can be done with imports."""

from clinic.imports.service.checking import ACCEPTED
from clinic.imports.service.deciding import (
    KEPT_FOR,
    change_mapping,
    commit,
    confirm_mapping,
    context_of,
    decide,
    decide_all,
    forget_lines,
    go_on,
    leave_out,
    mend,
    stop,
    undo,
)
from clinic.imports.service.receiving import TASK, read_again, receive
from clinic.imports.service.refused import refused_file
from clinic.imports.service.steps import carry_on

__all__ = [
    "ACCEPTED",
    "KEPT_FOR",
    "TASK",
    "carry_on",
    "change_mapping",
    "commit",
    "confirm_mapping",
    "context_of",
    "decide",
    "decide_all",
    "forget_lines",
    "go_on",
    "leave_out",
    "mend",
    "read_again",
    "receive",
    "refused_file",
    "stop",
    "undo",
]
