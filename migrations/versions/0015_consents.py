"""Consents, and what a patient is asked when they begin.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
PURPOSES = "('treatment', 'data_use', 'family', 'news', 'photography', 'research', 'other')"
FUNCTIONS = (
    # A published text is as people signed it; a draft may be worked on and thrown away.
    """
    CREATE FUNCTION consent_versions_published_locked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.published_at IS NOT NULL THEN
            RAISE EXCEPTION 'consent version % is published', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'consent_versions_published_locked';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$
    """,
    # A signature stays as it was given. It can be withdrawn once, and that is the only thing that changes.
    """
    CREATE FUNCTION consents_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE withdrawal text[] := ARRAY['withdrawn_at', 'withdrawn_by', 'withdrawn_name', 'withdrawn_reason', 'withdrawn_via'];
    BEGIN
        IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
            OR (to_jsonb(NEW) - withdrawal) IS DISTINCT FROM (to_jsonb(OLD) - withdrawal) THEN
            RAISE EXCEPTION 'consent % is kept as it was given', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'consents_append_only';
        END IF;
        RETURN NEW;
    END $$
    """,
)
TRIGGERS = (
    "CREATE TRIGGER consent_versions_published_locked BEFORE UPDATE OR DELETE ON consent_versions "
    "FOR EACH ROW EXECUTE FUNCTION consent_versions_published_locked()",
    "CREATE TRIGGER consent_versions_not_truncated BEFORE TRUNCATE ON consent_versions "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()",
    "CREATE TRIGGER consents_kept BEFORE UPDATE OR DELETE ON consents "
    "FOR EACH ROW EXECUTE FUNCTION consents_kept()",
    "CREATE TRIGGER consents_not_truncated BEFORE TRUNCATE ON consents "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()",
)
# What "Health and allergies" asked on one page is asked on two; the blood group is asked with the birth date.
SPLIT = (
    """
    INSERT INTO intake_sections (link_id, section, answers, version, saved_at, complete)
    SELECT link_id, 'history', jsonb_build_object('conditions', coalesce(answers->>'medical_history', ''),
        'operations', '', 'family_history', ''), 1, saved_at, complete
    FROM intake_sections WHERE section = 'health'
    """,
    """
    UPDATE intake_sections AS about SET answers = about.answers || jsonb_build_object(
        'blood_group', coalesce(health.answers->>'blood_group', ''))
    FROM intake_sections AS health
    WHERE about.section = 'about' AND health.section = 'health' AND health.link_id = about.link_id
    """,
    """
    INSERT INTO intake_sections (link_id, section, answers, version, saved_at, complete)
    SELECT link_id, 'body', jsonb_build_object('height', '', 'weight', '',
        'prakriti', coalesce(answers->>'prakriti', '')), 1, saved_at, complete
    FROM intake_sections WHERE section = 'constitution'
    """,
    "DELETE FROM intake_sections WHERE section = 'constitution'",
    """
    UPDATE intake_sections SET section = 'allergies', answers = answers - 'medical_history' - 'blood_group'
    WHERE section = 'health'
    """,
)
JOIN = (
    """
    UPDATE intake_sections AS allergies SET section = 'health', answers = allergies.answers || jsonb_build_object(
        'medical_history', coalesce((SELECT concat_ws(E'\\n', nullif(h.answers->>'conditions', ''),
            nullif(h.answers->>'operations', ''), nullif(h.answers->>'family_history', ''))
            FROM intake_sections AS h WHERE h.link_id = allergies.link_id AND h.section = 'history'), ''),
        'blood_group', coalesce((SELECT a.answers->>'blood_group' FROM intake_sections AS a
            WHERE a.link_id = allergies.link_id AND a.section = 'about'), ''))
    WHERE allergies.section = 'allergies'
    """,
    """
    UPDATE intake_sections SET section = 'constitution',
        answers = jsonb_build_object('prakriti', coalesce(answers->>'prakriti', '')) WHERE section = 'body'
    """,
    "UPDATE intake_sections SET answers = answers - 'blood_group' WHERE section = 'about'",
    "DELETE FROM intake_sections WHERE section IN ('history', 'medicines', 'insurance')",
)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _checks(table: str, rules: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _kinds()
    _versions()
    _consents()
    for function in FUNCTIONS:
        op.execute(function)
    for trigger in TRIGGERS:
        op.execute(trigger)
    _said(
        "patient_medications",
        [
            sa.Column("name", sa.Text(), nullable=False),
            sa.Column("dose", sa.Text(), nullable=True),
            sa.Column("often", sa.Text(), nullable=True),
        ],
        {"name": "length(name) BETWEEN 1 AND 200", "dose": "length(dose) <= 100", "often": "length(often) <= 200"},
    )
    _said(
        "patient_insurances",
        [
            sa.Column("insurer", sa.Text(), nullable=False),
            sa.Column("policy_sealed", sa.Text(), nullable=True),
            sa.Column("valid_until", sa.Date(), nullable=True),
        ],
        {"insurer": "length(insurer) BETWEEN 1 AND 200"},
    )
    _said(
        "patient_measures",
        [
            sa.Column("height_cm", sa.Numeric(4, 1), nullable=True),
            sa.Column("weight_kg", sa.Numeric(4, 1), nullable=True),
        ],
        {
            "height": "height_cm BETWEEN 30 AND 250",
            "weight": "weight_kg BETWEEN 0.5 AND 400",
            "something": "num_nonnulls(height_cm, weight_kg) > 0",
        },
    )
    for statement in SPLIT:
        op.execute(statement)


def _kinds() -> None:
    table = "consent_kinds"
    op.create_table(
        table,
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_kinds")),
        _to(table, "created_by", "users"),
        _to(table, "group_id", "clinic_groups"),
        *_checks(
            table, {"name_length": "length(name) BETWEEN 1 AND 100", "purpose_known": f"purpose IN {PURPOSES}"}
        ),
    )
    op.create_index(
        "uq_consent_kinds_purpose",
        table,
        ["group_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("active AND purpose <> 'other'"),
    )


def _versions() -> None:
    table = "consent_versions"
    op.create_table(
        table,
        _id(),
        sa.Column("kind_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_hi", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_hi", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("valid_months", sa.SmallInteger(), nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_versions")),
        _to(table, "kind_id", "consent_kinds"),
        _to(table, "published_by", "users"),
        _to(table, "created_by", "users"),
        sa.UniqueConstraint("kind_id", "number", name="uq_consent_versions_number"),
        *_checks(
            table,
            {
                "number": "number > 0",
                "texts": "length(title) BETWEEN 1 AND 200 AND length(title_hi) BETWEEN 1 AND 200 "
                "AND length(body) BETWEEN 1 AND 20000 AND length(body_hi) BETWEEN 1 AND 20000",
                "valid_months": "valid_months BETWEEN 1 AND 120",
            },
        ),
    )
    op.create_index(
        "uq_consent_versions_draft",
        table,
        ["kind_id"],
        unique=True,
        postgresql_where=sa.text("published_at IS NULL"),
    )


def _consents() -> None:
    table = "consents"
    op.create_table(
        table,
        _id(),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("kind_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("good_until", INSTANT, nullable=True),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("signer_is", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("signed_by", sa.BigInteger(), nullable=True),
        sa.Column("witness_name", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("drawing", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), server_default="", nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("withdrawn_by", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_name", sa.Text(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("withdrawn_via", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        _to(table, "patient_id", "patients"),
        _to(table, "facility_id", "facilities"),
        _to(table, "kind_id", "consent_kinds"),
        _to(table, "version_id", "consent_versions"),
        _to(table, "signed_by", "users"),
        _to(table, "withdrawn_by", "users"),
        *_checks(
            table,
            {
                "signer_name": "length(signer_name) BETWEEN 2 AND 100",
                "signer_known": "signer_is IN ('self', 'guardian')",
                "relation": "length(relation) <= 60 AND (signer_is = 'guardian' OR relation IS NULL)",
                "method_known": "method IN ('typed', 'drawn')",
                "drawn_has_drawing": "(method = 'drawn') = (drawing IS NOT NULL)",
                "drawing_bounded": "octet_length(drawing) <= 65536",
                "via_known": "via IN ('portal', 'desk') AND withdrawn_via IN ('portal', 'desk')",
                "witnessed_at_the_desk": "(via = 'desk') = (witness_name IS NOT NULL)",
                "withdrawn_whole": "(withdrawn_at IS NULL) = (withdrawn_via IS NULL) "
                "AND (withdrawn_at IS NULL) = (withdrawn_name IS NULL) "
                "AND (withdrawn_at IS NOT NULL OR num_nonnulls(withdrawn_by, withdrawn_reason) = 0)",
                "withdrawn_reason": "length(withdrawn_reason) <= 500",
            },
        ),
    )
    op.create_index("ix_consents_patient", table, ["patient_id", "kind_id", "id"])
    op.create_index("ix_consents_version", table, ["version_id"])


def _said(table: str, columns: list[sa.Column[object]], rules: dict[str, str]) -> None:
    """A table of what somebody said about a patient, and who wrote it down when."""
    op.create_table(
        table,
        _id(),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        *columns,
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _to(table, "patient_id", "patients"),
        _to(table, "recorded_by", "users"),
        _to(table, "ended_by", "users"),
        *_checks(table, {**rules, "source_known": "source IN ('patient', 'staff')"}),
    )
    op.create_index(f"ix_{table}_patient", table, ["patient_id", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in JOIN:
        op.execute(statement)
    for table in ("patient_measures", "patient_insurances", "patient_medications", "consents"):
        op.drop_table(table)
    op.drop_table("consent_versions")
    op.drop_table("consent_kinds")
    op.execute("DROP FUNCTION consents_kept()")
    op.execute("DROP FUNCTION consent_versions_published_locked()")
