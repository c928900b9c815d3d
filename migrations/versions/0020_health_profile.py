"""What is known of a patient's health: entries dated, attributed, corrected and never overwritten.

Rows are ended once and put right by a new row; one trigger keeps all the tables. Allergies, which other code
changes in place, leave what they said before in a table of versions.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)
SOURCE = "source IN ('patient', 'staff', 'intake')"
SOURCE_BEFORE = "source IN ('patient', 'staff')"
ENDED = (
    "(ended_why IS NULL OR ended_at IS NOT NULL) AND ended_why IN ('stopped', 'replaced', 'error') "
    "AND (ended_why <> 'error' OR length(coalesce(ended_reason, '')) BETWEEN 1 AND 300)"
)
PRECISION = "IN ('year', 'month', 'day')"
KEPT = """
CREATE FUNCTION health_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['ended_at', 'ended_by', 'ended_why', 'ended_reason'];
    confirms text[] := ARRAY['confirmed_at', 'confirmed_by'];
    was jsonb := to_jsonb(OLD);
    becomes jsonb;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        becomes := to_jsonb(NEW);
        IF becomes - ends - confirms = was - ends - confirms
            AND (was->>'ended_at' IS NULL OR becomes - confirms = was - confirms)
            AND (was->>'confirmed_at' IS NULL OR becomes - ends = was - ends)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'row % of % is kept as it is', OLD.id, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'health_kept';
END $$
"""
FOLLOWS = """
CREATE FUNCTION health_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE same boolean;
BEGIN
    IF NEW.replaces_id IS NOT NULL THEN
        EXECUTE format('SELECT patient_id = $1 AND ended_at IS NOT NULL FROM %I WHERE id = $2', TG_TABLE_NAME)
        INTO same USING NEW.patient_id, NEW.replaces_id;
        IF same IS NOT TRUE THEN
            RAISE EXCEPTION 'row % of % is not there to be replaced', NEW.replaces_id, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'health_follows';
        END IF;
    END IF;
    RETURN NEW;
END $$
"""
VERSIONS = """
CREATE FUNCTION allergies_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.patient_id <> OLD.patient_id THEN
        RAISE EXCEPTION 'allergy % stays with its patient', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allergies_kept';
    END IF;
    IF (OLD.substance, OLD.category, OLD.criticality, OLD.reaction, OLD.severity, OLD.status)
        IS DISTINCT FROM (NEW.substance, NEW.category, NEW.criticality, NEW.reaction, NEW.severity, NEW.status)
    THEN
        INSERT INTO allergy_versions
            (allergy_id, substance, category, criticality, reaction, severity, status, recorded_at, recorded_by, until)
        VALUES (OLD.id, OLD.substance, OLD.category, OLD.criticality, OLD.reaction, OLD.severity, OLD.status,
            OLD.recorded_at, OLD.recorded_by, clock_timestamp());
    END IF;
    RETURN NEW;
END $$
"""
# An allergy goes only together with its patient, as when an import is taken back: looked at when the transaction ends.
ALLERGY_STAYS = """
CREATE FUNCTION allergies_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM patients WHERE id = OLD.patient_id) THEN
        RAISE EXCEPTION 'allergy % is kept', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allergies_kept';
    END IF;
    RETURN NULL;
END $$
"""
TEXT = sa.Text()
OWN: dict[str, tuple[list[sa.Column], dict[str, str]]] = {
    "conditions": (
        [
            sa.Column("name", TEXT, nullable=False),
            sa.Column("status", TEXT, nullable=False),
            sa.Column("since", sa.Date()),
            sa.Column("since_precision", TEXT),
            sa.Column("treatment", TEXT),
            sa.Column("treated_by", TEXT),
            sa.Column("code_system", TEXT),
            sa.Column("code", TEXT),
        ],
        {
            "name": "length(name) BETWEEN 1 AND 200",
            "status_known": "status IN ('active', 'remission', 'resolved')",
            "since_precision": f"(since IS NULL) = (since_precision IS NULL) AND since_precision {PRECISION}",
            "since_not_to_come": "since <= said_on",
            "treatment": "length(treatment) <= 500",
            "treated_by": "length(treated_by) <= 200",
            "code": "(code IS NULL) = (code_system IS NULL) AND length(code) BETWEEN 1 AND 40",
        },
    ),
    "surgeries": (
        [
            sa.Column("operation", TEXT, nullable=False),
            sa.Column("done_on", sa.Date()),
            sa.Column("done_precision", TEXT),
            sa.Column("place", TEXT),
            sa.Column("remark", TEXT),
        ],
        {
            "operation": "length(operation) BETWEEN 1 AND 200",
            "done_precision": f"(done_on IS NULL) = (done_precision IS NULL) AND done_precision {PRECISION}",
            "done_not_to_come": "done_on <= said_on",
            "place": "length(place) <= 200",
            "remark": "length(remark) <= 500",
        },
    ),
    "family_histories": (
        [
            sa.Column("relation", TEXT, nullable=False),
            sa.Column("condition", TEXT, nullable=False),
            sa.Column("remark", TEXT),
        ],
        {
            "relation_known": "relation IN "
            "('mother', 'father', 'sibling', 'child', 'grandparent', 'aunt_or_uncle', 'other')",
            "condition": "length(condition) BETWEEN 1 AND 200",
            "remark": "length(remark) <= 500",
        },
    ),
    "lifestyles": (
        [
            sa.Column(name + more, TEXT)
            for name in ("diet", "sleep", "activity", "tobacco", "alcohol", "bowel")
            for more in ("", "_words")
        ],
        {
            "diet_known": "diet IN ('vegetarian', 'eggs', 'mixed', 'vegan')",
            "sleep_known": "sleep IN ('sound', 'broken', 'little', 'much')",
            "activity_known": "activity IN ('little', 'moderate', 'much')",
            "tobacco_known": "tobacco IN ('never', 'former', 'smokes', 'chews')",
            "alcohol_known": "alcohol IN ('never', 'former', 'sometimes', 'daily')",
            "bowel_known": "bowel IN ('regular', 'constipated', 'loose', 'changing')",
            "words": "length(concat(diet_words, sleep_words, activity_words, tobacco_words, alcohol_words, "
            "bowel_words)) <= 1800",
            "something": "num_nonnulls(diet, sleep, activity, tobacco, alcohol, bowel, diet_words, sleep_words, "
            "activity_words, tobacco_words, alcohol_words, bowel_words) > 0",
        },
    ),
    "pregnancies": (
        [sa.Column("status", TEXT, nullable=False), sa.Column("lmp", sa.Date()), sa.Column("remark", TEXT)],
        {
            "status_known": "status IN ('pregnant', 'not_pregnant', 'unknown', 'lactating')",
            "lmp_not_to_come": "lmp <= said_on",
            "remark": "length(remark) <= 500",
        },
    ),
}
ALONE = ("lifestyles", "pregnancies")
MEDICINES = "patient_medications"
MEDICINE_CHECKS = {
    "ordered_by": "length(ordered_by) <= 200",
    "since_precision": f"(since IS NULL) = (since_precision IS NULL) AND since_precision {PRECISION}",
    "until_precision": f"(until IS NULL) = (until_precision IS NULL) AND until_precision {PRECISION}",
    "since_before_until": "since <= until",
    "ended_says_why": ENDED,
}
MEDICINE_COLUMNS = {
    "since": sa.Date(),
    "since_precision": TEXT,
    "until": sa.Date(),
    "until_precision": TEXT,
    "ordered_by": TEXT,
    "replaces_id": sa.BigInteger(),
    "ended_why": TEXT,
    "ended_reason": TEXT,
    "confirmed_at": INSTANT,
    "confirmed_by": sa.BigInteger(),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(KEPT)
    op.execute(FOLLOWS)
    for table, (columns, checks) in OWN.items():
        _create(table, columns, checks)
    _medicines()
    op.execute(
        "CREATE TRIGGER patient_measures_kept BEFORE UPDATE OR DELETE ON patient_measures "
        "FOR EACH ROW EXECUTE FUNCTION health_kept()"
    )
    _allergies()


def _create(table: str, columns: list[sa.Column], checks: dict[str, str]) -> None:
    links = {
        "patient_id": "patients", "facility_id": "facilities", "recorded_by": "users", "ended_by": "users",
        "confirmed_by": "users", "replaces_id": table,
    }
    rules = {"source_known": SOURCE, "ended_says_why": ENDED, **checks}
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        *columns,
        sa.Column("source", TEXT, nullable=False),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger()),
        sa.Column("replaces_id", sa.BigInteger()),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.BigInteger()),
        sa.Column("ended_why", TEXT),
        sa.Column("ended_reason", TEXT),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("confirmed_by", sa.BigInteger()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *(
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
            for column, target in links.items()
        ),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()),
        sa.UniqueConstraint("replaces_id", name=f"uq_{table}_replaces"),
    )
    op.create_index(f"ix_{table}_patient", table, ["patient_id", "id"])
    if table in ALONE:
        where = sa.text("ended_at IS NULL")
        op.create_index(f"uq_{table}_holds", table, ["patient_id"], unique=True, postgresql_where=where)
    _keep(table)


def _keep(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION health_kept()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_follows BEFORE INSERT ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION health_follows()"
    )


def _medicines() -> None:
    for name, kind in MEDICINE_COLUMNS.items():
        op.add_column(MEDICINES, sa.Column(name, kind, nullable=True))
    op.execute("UPDATE patient_medications SET ended_why = 'stopped' WHERE ended_at IS NOT NULL")
    for name, rule in MEDICINE_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{MEDICINES}_{name}"), MEDICINES, rule)
    op.drop_constraint(op.f(f"ck_{MEDICINES}_source_known"), MEDICINES, type_="check")
    op.create_check_constraint(op.f(f"ck_{MEDICINES}_source_known"), MEDICINES, SOURCE)
    for column, target in (("replaces_id", MEDICINES), ("confirmed_by", "users")):
        op.create_foreign_key(op.f(f"fk_{MEDICINES}_{column}"), MEDICINES, target, [column], ["id"])
    op.create_unique_constraint("uq_patient_medications_replaces", MEDICINES, ["replaces_id"])
    _keep(MEDICINES)


def _allergies() -> None:
    op.create_table(
        "allergy_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("allergy_id", sa.BigInteger(), nullable=False),
        sa.Column("substance", TEXT, nullable=False),
        sa.Column("category", TEXT),
        sa.Column("criticality", TEXT),
        sa.Column("reaction", TEXT),
        sa.Column("severity", TEXT),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.BigInteger()),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allergy_versions")),
        sa.ForeignKeyConstraint(["allergy_id"], ["allergies.id"], name=op.f("fk_allergy_versions_allergy_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_allergy_versions_recorded_by")),
    )
    op.create_index("ix_allergy_versions_allergy", "allergy_versions", ["allergy_id", "id"])
    op.execute(
        "CREATE TRIGGER allergy_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON allergy_versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )
    op.execute(VERSIONS)
    op.execute(
        "CREATE TRIGGER allergies_versions BEFORE UPDATE ON allergies "
        "FOR EACH ROW EXECUTE FUNCTION allergies_versions()"
    )
    op.execute(ALLERGY_STAYS)
    op.execute(
        "CREATE CONSTRAINT TRIGGER allergies_kept AFTER DELETE ON allergies "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION allergies_kept()"
    )
    op.execute(
        "CREATE TRIGGER allergies_not_truncated BEFORE TRUNCATE ON allergies "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER allergies_not_truncated ON allergies")
    op.execute("DROP TRIGGER allergies_versions ON allergies")
    op.execute("DROP FUNCTION allergies_versions()")
    op.execute("DROP TRIGGER allergies_kept ON allergies")
    op.execute("DROP FUNCTION allergies_kept()")
    op.drop_table("allergy_versions")
    op.execute("DROP TRIGGER patient_measures_kept ON patient_measures")
    for name in ("follows", "not_truncated", "kept"):
        op.execute(f"DROP TRIGGER {MEDICINES}_{name} ON {MEDICINES}")
    op.drop_constraint("uq_patient_medications_replaces", MEDICINES, type_="unique")
    for column in ("confirmed_by", "replaces_id"):
        op.drop_constraint(op.f(f"fk_{MEDICINES}_{column}"), MEDICINES, type_="foreignkey")
    op.drop_constraint(op.f(f"ck_{MEDICINES}_source_known"), MEDICINES, type_="check")
    op.execute("UPDATE patient_medications SET source = 'patient' WHERE source = 'intake'")
    op.create_check_constraint(op.f(f"ck_{MEDICINES}_source_known"), MEDICINES, SOURCE_BEFORE)
    for name in MEDICINE_CHECKS:
        op.drop_constraint(op.f(f"ck_{MEDICINES}_{name}"), MEDICINES, type_="check")
    for name in reversed(MEDICINE_COLUMNS):
        op.drop_column(MEDICINES, name)
    for table in reversed(OWN):
        op.drop_table(table)
    op.execute("DROP FUNCTION health_follows()")
    op.execute("DROP FUNCTION health_kept()")
