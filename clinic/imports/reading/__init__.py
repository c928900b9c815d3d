"""A clinic's register file, CSV or Excel, read line by line: no matter how it was written, nothing is lost
silently. Knows nothing of patients.
"""

from __future__ import annotations

from clinic.imports.reading.register import look, read_lines
from clinic.imports.reading.shape import (
    LONGEST_CELL,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    Fault,
    Line,
    Shape,
    Unreadable,
)

__all__ = [
    "LONGEST_CELL",
    "MOST_BYTES",
    "MOST_COLUMNS",
    "MOST_ROWS",
    "Fault",
    "Line",
    "Shape",
    "Unreadable",
    "look",
    "read_lines",
]
