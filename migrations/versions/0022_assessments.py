"""Constitution and examination: instruments, answers, findings.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLE = "assessments"
INSTANT = postgresql.TIMESTAMP(timezone=True)
CONSTITUTIONS = "('vata', 'pitta', 'kapha', 'vata_pitta', 'pitta_kapha', 'vata_kapha', 'tridosha')"
# A confirmed assessment is as it was confirmed: it may be shared with the patient, and be said to be a
# mistake. What a patient sent in is theirs: it changes only while they have it back.
LOCKED = """
CREATE FUNCTION assessments_confirmed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['shared_at'];
BEGIN
    IF OLD.status IN ('confirmed', 'entered_in_error') THEN
        IF TG_OP = 'UPDATE' AND OLD.status = 'confirmed' AND NEW.status = 'entered_in_error' THEN
            may_change := may_change || ARRAY['status', 'error_at', 'error_by', 'error_reason'];
        END IF;
        IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - may_change) IS DISTINCT FROM (to_jsonb(OLD) - may_change) THEN
            RAISE EXCEPTION 'assessment % is confirmed', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'assessments_confirmed_locked';
        END IF;
    ELSIF OLD.status = 'submitted' AND (
        TG_OP = 'DELETE' OR NEW.patient_answers IS DISTINCT FROM OLD.patient_answers
    ) THEN
        RAISE EXCEPTION 'the answers of assessment % are with the clinic', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'assessments_answers_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def _severity(dosha: str) -> str:
    state, severity = f"{dosha}_state", f"{dosha}_severity"
    return (
        f"num_nonnulls({state}, {severity}) IN (0, 2) AND {state} IN ('vriddhi', 'sama', 'kshaya')"
        f" AND {severity} BETWEEN 0 AND 3 AND ({state} = 'sama') = ({severity} = 0)"
    )


CHECKS = {
    "kind_known": "kind IN ('prakriti', 'vikriti', 'ashtavidha', 'dashavidha', 'agni_koshtha')",
    "status_known": "status IN ('answering', 'submitted', 'draft', 'confirmed', 'entered_in_error')",
    "suggested_known": f"suggested IN {CONSTITUTIONS}",
    "result_known": f"result IN {CONSTITUTIONS}",
    "percent_sum": (
        "num_nonnulls(vata_percent, pitta_percent, kapha_percent) IN (0, 3)"
        " AND least(vata_percent, pitta_percent, kapha_percent) >= 0"
        " AND vata_percent + pitta_percent + kapha_percent = 100"
    ),
    "vata_severity": _severity("vata"),
    "pitta_severity": _severity("pitta"),
    "kapha_severity": _severity("kapha"),
    "ama_known": "ama IN ('sama', 'nirama')",
    "stage_known": "stage IN ('sanchaya', 'prakopa', 'prasara', 'sthanasamshraya', 'vyakti', 'bheda')",
    "prognosis_known": "prognosis IN ('sukhasadhya', 'kricchrasadhya', 'yapya', 'asadhya')",
    "agni_known": "agni IN ('sama', 'vishama', 'tikshna', 'manda')",
    "koshtha_known": "koshtha IN ('mridu', 'madhyama', 'krura')",
    "body_object": "jsonb_typeof(body) = 'object'",
    "answers_are_prakriti": (
        "status NOT IN ('answering', 'submitted') OR (kind = 'prakriti' AND patient_answers IS NOT NULL)"
    ),
    "draft_has_author": "status <> 'draft' OR practitioner_id IS NOT NULL",
    "confirmed_has_person": "(confirmed_at IS NULL) = (confirmed_by IS NULL)",
    "confirmed_by_practitioner": (
        "status <> 'confirmed' OR (confirmed_at IS NOT NULL AND practitioner_id IS NOT NULL"
        " AND other_body IS NULL)"
    ),
    "prakriti_has_result": (
        "status <> 'confirmed' OR kind <> 'prakriti' OR (result IS NOT NULL AND vata_percent IS NOT NULL)"
    ),
    "vikriti_has_doshas": (
        "status <> 'confirmed' OR kind <> 'vikriti'"
        " OR num_nonnulls(vata_state, pitta_state, kapha_state, ama) = 4"
    ),
    "error_has_reason": (
        "(status = 'entered_in_error') = (error_at IS NOT NULL)"
        " AND (error_at IS NULL) = (error_reason IS NULL)"
    ),
}
REFERENCES = {
    "group_id": "clinic_groups",
    "facility_id": "facilities",
    "patient_id": "patients",
    "appointment_id": "appointments",
    "practitioner_id": "practitioners",
    "answered_by": "users",
    "saved_by": "users",
    "confirmed_by": "users",
    "error_by": "users",
    "supersedes_id": TABLE,
}


def _id(name: str, *, needed: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=not needed)


def _text(name: str, *, needed: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _small(name: str, *, needed: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=not needed)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        _id("facility_id", needed=True),
        _id("patient_id", needed=True),
        _id("appointment_id"),
        _id("practitioner_id"),
        _text("kind", needed=True),
        _small("form_version", needed=True),
        _text("status", needed=True),
        _id("version", needed=True),
        sa.Column("patient_answers", postgresql.JSONB(none_as_null=True), nullable=True),
        _id("answered_by"),
        sa.Column("submitted_at", INSTANT, nullable=True),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("other_body", postgresql.JSONB(none_as_null=True), nullable=True),
        *(_small(f"{dosha}_percent") for dosha in ("vata", "pitta", "kapha")),
        *(_text(name) for name in ("suggested", "result", "result_reason", "replaced_prakriti")),
        *(
            column
            for dosha in ("vata", "pitta", "kapha")
            for column in (_text(f"{dosha}_state"), _small(f"{dosha}_severity"))
        ),
        *(_text(name) for name in ("ama", "stage", "prognosis", "agni", "koshtha")),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        _id("saved_by"),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        _id("confirmed_by"),
        _id("supersedes_id"),
        sa.Column("shared_at", INSTANT, nullable=True),
        sa.Column("error_at", INSTANT, nullable=True),
        _id("error_by"),
        _text("error_reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        *(
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_assessments_{column}"))
            for column, target in REFERENCES.items()
        ),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_assessments_{name}")) for name, rule in CHECKS.items()),
    )
    op.create_index("ix_assessments_patient", TABLE, ["patient_id", "kind", "id"])
    op.create_index("ix_assessments_appointment", TABLE, ["appointment_id"])
    op.create_index(
        "uq_assessments_open_answers",
        TABLE,
        ["patient_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('answering', 'submitted')"),
    )
    op.create_index(
        "uq_assessments_draft",
        TABLE,
        ["patient_id", "practitioner_id", "kind"],
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
    )
    op.create_index(
        "uq_assessments_supersedes",
        TABLE,
        ["supersedes_id"],
        unique=True,
        postgresql_where=sa.text("status = 'confirmed'"),
    )
    op.execute(LOCKED)
    op.execute(
        "CREATE TRIGGER assessments_confirmed_locked BEFORE UPDATE OR DELETE ON assessments"
        " FOR EACH ROW EXECUTE FUNCTION assessments_confirmed_locked()"
    )
    op.execute(
        "CREATE TRIGGER assessments_not_truncated BEFORE TRUNCATE ON assessments"
        " FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table(TABLE)
    op.execute("DROP FUNCTION assessments_confirmed_locked()")
