"""The prescriptions of a member of the household: what to take now, in plain words, and the paper of each."""

from __future__ import annotations

from flask import Response

from clinic.audit import service as audit
from clinic.core.access import Role, allow
from clinic.core.i18n import locale_tag
from clinic.core.web import current_actor, page
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household
from clinic.prescriptions import queries
from clinic.prescriptions.sheets import paper_of
from clinic.prescriptions.tab import listed
from clinic.prescriptions.views.blueprint import load_prescription, was_read
from clinic.prescriptions.views.reading import send_pdf


@bp.get("/prescriptions")
@allow(Role.PATIENT)
def prescriptions() -> Response:
    """What the chosen member takes now, and the prescriptions that were shared, the latest first."""
    actor = current_actor()
    family = household()
    rows = listed(actor, family.chosen.id)
    audit.read(
        actor,
        "prescription.listed",
        subject_type="prescription",
        patient_id=family.chosen.id,
        facility_id=family.chosen.facility_id,
        detail={"ids": [row.id for row in rows]},
    )
    running = queries.running(actor, family.chosen.id)
    return page("portal/prescriptions.html", family=family, prescriptions=rows, running=running)


@bp.get("/prescriptions/<id:prescription_id>")
@allow(Role.PATIENT)
def prescription(prescription_id: int) -> Response:
    """One prescription in the reader's language. Raises NotFound for one that is not theirs."""
    actor = current_actor()
    family = household()
    found = load_prescription(actor, prescription_id)
    member = family.member(found.patient_id)
    was_read(actor, found, "prescription.viewed")
    paper = paper_of(found, locale_tag())
    return page(
        "portal/prescription.html",
        family=family.showing(member),
        prescription=found,
        sheet=paper.sheet,
        medicines=list(zip(paper.sheet.general + paper.sheet.ayurvedic, paper.lines, strict=True)),
    )


@bp.get("/prescriptions/<id:prescription_id>/pdf")
@allow(Role.PATIENT)
def prescription_paper(prescription_id: int) -> Response:
    """The paper as a file, in the language it was written for."""
    actor = current_actor()
    family = household()
    found = load_prescription(actor, prescription_id, "prescription.printed")
    family.member(found.patient_id)
    was_read(actor, found, "prescription.printed")
    return send_pdf(found, found.locale)
