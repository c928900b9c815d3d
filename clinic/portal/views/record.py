"""Everything that is kept about a member of the household, to take along."""

from __future__ import annotations

from flask import Response

from clinic.core.access import Role, allow
from clinic.core.errors import NotFound
from clinic.core.web import current_actor
from clinic.exports.views.records import refuse, send_bundle
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household


@bp.get("/family/<id:patient_id>/record.zip")
@allow(Role.PATIENT)
def record(patient_id: int) -> Response:
    """A member's record, as far as patients see it. Raises NotFound for anybody else's, and notes it."""
    actor = current_actor()
    try:
        patient = household().member(patient_id)
    except NotFound:
        refuse(actor, patient_id, "zip")
        raise
    return send_bundle(actor, patient)
