"""The kinds of lists that can be brought in."""

from clinic.imports.kinds.appointments import APPOINTMENTS
from clinic.imports.kinds.base import Context, Field, Kind, Reading, Stopped, Touched
from clinic.imports.kinds.patients import PATIENTS
from clinic.imports.kinds.practitioners import PRACTITIONERS
from clinic.imports.kinds.services import SERVICES

KINDS: dict[str, Kind] = {kind.name: kind for kind in (PATIENTS, PRACTITIONERS, SERVICES, APPOINTMENTS)}

__all__ = ["KINDS", "Context", "Field", "Kind", "Reading", "Stopped", "Touched"]
