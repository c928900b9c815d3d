"""An import taken back as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, update

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.imports.kinds import Context
from clinic.imports.models import Import, ImportedLine, ImportRow
from clinic.imports.queries import kind_of


def take_back(row: Import, context: Context, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Remove what came in and restore what was changed. Raises Conflict when somebody worked on it."""
    kind = kind_of(row)
    if kind.worked_on(context):
        raise Conflict(_("Somebody has worked on these records meanwhile, so they stay."))
    tell(0, row.total)
    gone = kind.undo(context)
    db.session.execute(delete(ImportedLine).where(ImportedLine.import_id == row.id))
    db.session.execute(
        update(ImportRow)
        .where(ImportRow.import_id == row.id, ImportRow.written_at.is_not(None))
        .values(record_id=None, written_at=None, added=False, before=None, version_after=None)
        .execution_options(synchronize_session=False)
    )
    audit.record(
        context.actor,
        "import.taken_back",
        subject_type="import",
        subject_id=row.id,
        facility_id=row.facility_id,
        detail={"kind": row.kind, "removed": gone},
    )
    return {"committed_at": None, "undone_at": clock.now()}
