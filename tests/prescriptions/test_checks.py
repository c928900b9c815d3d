"""What is dangerous for this patient is found: each check once where it fires, once where it must not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden, Invalid
from clinic.core.i18n import force_locale
from clinic.patients.models import Allergy, PatientMedication
from clinic.prescriptions import checks, service
from clinic.prescriptions.checks.facts import AllergyFact, Facts, Rule
from clinic.prescriptions.checks.findings import find
from clinic.prescriptions.checks.substances import substances_in
from clinic.prescriptions.errors import NotReady
from clinic.prescriptions.models import Acceptance, PrescriptionRule
from clinic.prescriptions.reading import line_of, read_line
from clinic.prescriptions.sheets import sheet_of
from tests.factories import UserFactory, actor_of, grant, practitioner_at
from tests.prescriptions.conftest import TABLET, VATI, Scene, lines_of


def kinds(facts: Facts, *lines: dict[str, str]) -> list[str]:
    """What is found: the codes of the findings, in order."""
    found = find({at: read_line(texts) for at, texts in enumerate(lines, start=1)}, facts)
    return [item.key.split(":")[0] for item in found]


@pytest.mark.parametrize(
    ("allergy", "line"),
    [
        ("Penicillin", {"name": "Amoxicillin", "kind": "general"}),
        ("पेनिसिलिन", {"name": "Augmentin 625", "kind": "general"}),
        ("Amoxycillin", {"name": "Ampicillin", "kind": "general"}),
        ("sulpha drugs", {"name": "Cotrimoxazole", "kind": "general"}),
        ("Brufen", {"name": "Diclofenac", "kind": "general"}),
        ("Milk", {"name": "Brahmi ghrita", "kalpana": "ghrita"}),
        ("दूध", {"name": "Ashwagandha churna", "anupana": "milk"}),
        ("til", {"name": "Mahanarayana taila", "kalpana": "taila"}),
        ("Curcuma longa", {"name": "Haridra khanda"}),
        ("Ginger", {"name": "Trikatu churna"}),
        ("honey", {"name": "Sitopaladi churna", "anupana": "madhu"}),
        ("Peanuts", {"name": "Massage oil", "ingredients": "groundnut, camphor"}),
        ("Someherb", {"name": "Someherb churna"}),
    ],
)
def test_an_allergy_blocks_under_any_name_of_the_substance(allergy: str, line: dict[str, str]) -> None:
    facts = Facts(allergies=(AllergyFact(substance=allergy),))
    assert kinds(facts, line) == ["allergy"]


@pytest.mark.parametrize(
    ("allergy", "line"),
    [
        ("Penicillin", {"name": "Azithromycin", "kind": "general"}),
        ("Sulfa", {"name": "Gandhaka rasayana", "ingredients": "gandhaka"}),
        ("Brufen", {"name": "Paracetamol", "kind": "general"}),
        ("Milk", {"name": "Triphala churna", "anupana": "warm water"}),
        ("Egg", {"name": "Eggplant leaf"}),
        ("Dust", {"name": "Industrial spirit"}),
    ],
)
def test_what_only_looks_alike_does_not_block(allergy: str, line: dict[str, str]) -> None:
    assert kinds(Facts(allergies=(AllergyFact(substance=allergy),)), line) == []


def test_the_same_medicine_twice_is_found_under_another_name_and_in_a_combination() -> None:
    crocin = {"name": "Crocin", "kind": "general"}
    both = {"name": "Aceclofenac + Paracetamol", "kind": "general"}
    assert kinds(Facts(), both, crocin) == ["twice"]
    assert kinds(Facts(), {"name": "Triphala churna"}, {"name": "triphala Churna"}) == ["twice"]
    assert kinds(Facts(), {"name": "Triphala churna"}, {"name": "Triphala guggulu"}) == []
    assert kinds(Facts(), crocin, {"name": "Cetirizine", "kind": "general"}) == []


def test_what_runs_or_is_taken_already_is_found(scene: Scene) -> None:
    scene.signed(VATI)
    db.session.add(
        PatientMedication(
            patient_id=scene.patient.id,
            name="Tab Telmisartan 40 mg",
            source="patient",
            said_on=date(2026, 1, 1),
        )
    )
    db.session.commit()
    draft = scene.draft(
        VATI, TABLET, {"name": "Brahmi vati", "kalpana": "vati", "dosing": "bd", "duration": "5 days"}
    )
    lines = {row.id: line_of(row) for row in lines_of(draft)}
    found = checks.find(lines, checks.facts_of(scene.actor, draft))
    assert [item.key.split(":")[0] for item in found] == ["runs", "taken"]


def test_the_old_version_does_not_run_beside_the_new_one(scene: Scene) -> None:
    old = scene.signed(VATI)
    with unit_of_work():
        draft = service.repeat(scene.actor, old, key=None, replace=True)
    draft = scene.fresh(draft.id)
    lines = {row.id: line_of(row) for row in lines_of(draft)}
    assert checks.find(lines, checks.facts_of(scene.actor, draft)) == []


@pytest.fixture
def shipped(scene: Scene) -> tuple[Rule, ...]:
    draft = scene.draft()
    return checks.facts_of(scene.actor, draft).rules


HONEY_WARM = {"name": "Sitopaladi churna", "anupana": "honey", "instructions": "in warm water"}
HONEY_GHEE = {"name": "Trikatu churna", "anupana": "honey and ghee"}
BHASMA = {"name": "Godanti bhasma", "kalpana": "bhasma"}


@pytest.mark.parametrize(
    ("facts", "line", "code"),
    [
        (Facts(), HONEY_WARM, "rule-honey_heated"),
        (
            Facts(),
            {"name": "Triphala churna", "anupana": "शहद", "instructions": "गरम पानी में"},
            "rule-honey_heated",
        ),
        (Facts(), HONEY_GHEE, "rule-honey_ghee_equal"),
        (Facts(pregnant=True), BHASMA, "rule-mineral_pregnancy"),
        (Facts(pregnant=True), {"name": "Sutashekhara", "ingredients": "parada"}, "rule-mineral_pregnancy"),
        (Facts(years=8), BHASMA, "rule-mineral_childhood"),
        (
            Facts(conditions=("Chronic kidney disease",)),
            {"name": "X", "kalpana": "rasa"},
            "rule-mineral_renal",
        ),
        (Facts(conditions=("गुर्दे की बीमारी",)), BHASMA, "rule-mineral_renal"),
    ],
)
def test_each_rule_of_the_clinic_fires(
    shipped: tuple[Rule, ...], facts: Facts, line: dict[str, str], code: str
) -> None:
    assert kinds(Facts(**{**facts.__dict__, "rules": shipped}), line) == [code]


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (Facts(), {"name": "Sitopaladi churna", "anupana": "honey"}),
        (Facts(), {"name": "Triphala churna", "anupana": "warm water"}),
        (Facts(), {**HONEY_GHEE, "instructions": "honey 1:2 ghee"}),
        (Facts(), BHASMA),
        (Facts(pregnant=True), {"name": "Shatavari churna", "kalpana": "churna"}),
        (Facts(pregnant=True), {"name": "Amalaki swarasa", "kalpana": "swarasa"}),
        (Facts(years=12), BHASMA),
        (Facts(conditions=("Diabetes",)), BHASMA),
    ],
)
def test_no_rule_fires_where_it_is_not_meant(
    shipped: tuple[Rule, ...], facts: Facts, line: dict[str, str]
) -> None:
    assert kinds(Facts(**{**facts.__dict__, "rules": shipped}), line) == []


def test_a_pregnancy_and_an_age_are_read_from_the_record(scene: Scene) -> None:
    scene.patient.birth_date = clock.today("Asia/Kolkata") - timedelta(days=5 * 366)
    scene.patient.medical_history = "CKD stage 3"
    db.session.commit()
    draft = scene.draft({**VATI, "name": "Godanti bhasma", "kalpana": "bhasma", "dose": "250 mg"})
    lines = {row.id: line_of(row) for row in lines_of(draft)}
    found = checks.find(lines, checks.facts_of(scene.actor, draft))
    assert {item.key.split(":")[0] for item in found} == {"rule-mineral_childhood", "rule-mineral_renal"}


def _allergic(scene: Scene) -> None:
    db.session.add(
        Allergy(patient_id=scene.patient.id, substance="Penicillin", reaction="rash", recorded_at=clock.now())
    )
    db.session.commit()


AMOXICILLIN = {
    "kind": "general",
    "name": "Amoxicillin",
    "form": "capsule",
    "dosing": "TDS",
    "duration": "5 days",
}


def test_a_block_is_set_aside_only_with_a_reason_and_stands_on_the_paper(scene: Scene) -> None:
    _allergic(scene)
    draft = scene.draft(AMOXICILLIN)
    with pytest.raises(NotReady) as refused, unit_of_work():
        service.sign(scene.actor, draft, version=draft.version)
    finding = refused.value.findings[0]
    draft = scene.fresh(draft.id)
    with pytest.raises(Invalid):
        service.accept(scene.actor, draft, finding.key, "  ")
    with unit_of_work():
        service.accept(scene.actor, draft, finding.key, "Tested negative last week")
    with unit_of_work():
        service.sign(scene.actor, scene.fresh(draft.id), version=draft.version)
    kept = db.session.scalars(select(Acceptance)).one()
    assert (kept.level, kept.accepted_by, kept.accepted_name) == ("block", scene.user.id, scene.actor.name)
    overrides = sheet_of(scene.fresh(draft.id), "en").overrides
    assert overrides == ("Amoxicillin: allergy to Penicillin (rash) (Tested negative last week)",)


def test_a_signature_that_only_a_warning_stands_against_is_answered_with_it(
    scene: Scene, author: FlaskClient
) -> None:
    _allergic(scene)
    draft = scene.draft(AMOXICILLIN)
    answer = author.post(f"/prescriptions/{draft.id}", data={"version": str(draft.version), "do": "sign"})
    assert answer.status_code == 422
    assert "This cannot be signed yet." in answer.text
    assert "allergy to Penicillin" in answer.text


def test_what_was_accepted_for_one_medicine_is_asked_again_for_another(scene: Scene) -> None:
    _allergic(scene)
    draft = scene.draft(AMOXICILLIN)
    line = lines_of(draft)[0].id
    found = checks.find({line: line_of(lines_of(draft)[0])}, checks.facts_of(scene.actor, draft))
    with unit_of_work():
        service.accept(scene.actor, draft, found[0].key, "Tested")
        service.save(
            scene.actor, draft, {f"line-{line}-name": "Ampicillin"}, seen=service.Seen(version=draft.version)
        )
    draft = scene.fresh(draft.id)
    with pytest.raises(NotReady):
        service.sign(scene.actor, draft, version=draft.version)


def test_the_check_is_made_anew_at_signing_whatever_the_page_said(scene: Scene) -> None:
    draft = scene.draft(AMOXICILLIN)
    assert not checks.find({1: read_line(AMOXICILLIN)}, checks.facts_of(scene.actor, draft))
    _allergic(scene)
    with pytest.raises(NotReady):
        service.sign(scene.actor, scene.fresh(draft.id), version=draft.version)


def test_a_rule_that_the_clinic_switched_off_or_made_a_block_counts_as_it_is(scene: Scene) -> None:
    draft = scene.draft({**VATI, "anupana": "honey in warm water"})
    rule = db.session.scalars(select(PrescriptionRule).where(PrescriptionRule.code == "honey_heated")).one()

    def levels() -> list[str]:
        lines = {row.id: line_of(row) for row in lines_of(draft)}
        return [item.level for item in checks.find(lines, checks.facts_of(scene.actor, draft))]

    assert levels() == ["warn"]
    rule.level = "block"
    db.session.flush()
    assert levels() == ["block"]
    rule.active = False
    db.session.flush()
    assert levels() == []


def test_a_rule_speaks_hindi_to_who_reads_hindi(scene: Scene, shipped: tuple[Rule, ...]) -> None:
    with force_locale("hi"):
        found = find({1: read_line(HONEY_GHEE)}, Facts(rules=shipped))
    assert "शहद" in found[0].text


def test_nobody_else_sets_a_warning_aside(scene: Scene) -> None:
    _allergic(scene)
    other = grant(UserFactory(name="Dr Nair"), Role.PRACTITIONER, facility=scene.facility)
    practitioner_at(scene.facility, other, name="Dr Nair")
    draft = scene.draft(AMOXICILLIN)
    with pytest.raises(Forbidden):
        service.accept(actor_of(other, Role.PRACTITIONER, facility=scene.facility), draft, "x", "y")


def test_substances_are_whole_words_in_four_languages() -> None:
    assert substances_in("Trikatu churna with madhu") == {"ginger", "pepper", "long_pepper", "honey"}
    assert substances_in("हल्दी वाला दूध") == {"turmeric", "milk"}
    assert substances_in("milkmaid until gingerly") == set()
