"""For whom the reader acts: the chosen member of the household, checked anew with every request."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import abort, g, request, session, url_for

from clinic.accounts.views.portal_sign_in import WHOSE
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to
from clinic.patients.models import Patient
from clinic.patients.queries import patients_of_login

_CHOSEN = "portal_patient"


@dataclass(frozen=True)
class Household:
    """The patients of a sign-in, and the one whose pages are shown."""

    patients: tuple[Patient, ...]
    chosen: Patient

    def member(self, patient_id: int) -> Patient:
        """The member with this id. Raises NotFound for anybody else."""
        for patient in self.patients:
            if patient.id == patient_id:
                return patient
        raise NotFound(_("There is no such patient."))

    def showing(self, patient: Patient) -> Household:
        """The same household with another member in front, for one page."""
        return replace(self, chosen=patient)


def find_household() -> Household | None:
    """The reader's household, None before anybody in it is known to the clinic."""
    if "household" not in g:
        patients = tuple(patients_of_login(current_actor().user_id or 0))
        by_id = {patient.id: patient for patient in patients}
        chosen = by_id.get(session.get(_CHOSEN, 0)) or (patients[0] if patients else None)
        g.household = Household(patients, chosen) if chosen else None
    household: Household | None = g.household
    return household


def household() -> Household:
    """The reader's household; who has none yet is asked for a name first, and after signing in to several
    for whom they come.
    """
    found = find_household()
    if found is None:
        abort(go_to(url_for("portal.welcome")))
    if session.get(WHOSE):
        if len(found.patients) == 1:
            session.pop(WHOSE)
        elif request.method == "GET" and request.endpoint != "portal.choose_member":
            abort(go_to(url_for("portal.choose_member", next=request.full_path.rstrip("?"))))
    return found


def choose(patient: Patient) -> None:
    """Show this member's pages from now on, in this browser."""
    session[_CHOSEN] = patient.id
    session.pop(WHOSE, None)
    g.pop("household", None)
