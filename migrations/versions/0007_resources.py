"""Therapists, equipment, opening hours of everything, and sessions for groups.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SERVICE_COLUMNS = (
    sa.Column("in_person", sa.Boolean(), server_default="true", nullable=False),
    sa.Column("online", sa.Boolean(), server_default="true", nullable=False),
    sa.Column("therapists", sa.SmallInteger(), server_default="0", nullable=False),
    sa.Column("same_sex", sa.Boolean(), server_default="false", nullable=False),
    sa.Column("equipment", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    sa.Column("capacity", sa.SmallInteger(), server_default="1", nullable=False),
)
SERVICE_CHECKS = {
    "some_mode": "in_person OR online",
    "therapists": "therapists BETWEEN 0 AND 6",
    "capacity": "capacity BETWEEN 1 AND 200",
    "equipment": "cardinality(equipment) <= 6",
}
OVERBOOK_TRIGGER = (
    """
    CREATE FUNCTION resource_units_overbook() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.overbook AND NOT EXISTS (
            SELECT FROM resources WHERE id = NEW.resource_id AND kind = 'practitioner'
        ) THEN
            RAISE EXCEPTION 'only a practitioner can be overbooked'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_resource_units_overbook_of_practitioner';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER resource_units_overbook BEFORE INSERT OR UPDATE ON resource_units "
    "FOR EACH ROW WHEN (NEW.overbook) EXECUTE FUNCTION resource_units_overbook()",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in SERVICE_COLUMNS:
        op.add_column("services", column.copy())
    for name, rule in SERVICE_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_services_{name}"), "services", rule)

    op.add_column("resources", sa.Column("equipment_kind", sa.Text(), nullable=True))
    _resource_rules(
        "kind IN ('practitioner', 'therapist', 'room', 'equipment', 'facility')",
        "(kind IN ('practitioner', 'therapist')) = (practitioner_id IS NOT NULL)",
    )
    op.create_index(
        "uq_resources_facility",
        "resources",
        ["facility_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'facility'"),
    )

    op.add_column(
        "resource_units", sa.Column("overbook", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_resource_units_overbook_is_numbered"), "resource_units", "overbook = (number >= 100)"
    )
    for statement in OVERBOOK_TRIGGER:
        op.execute(statement)

    op.add_column("working_hours", sa.Column("once", sa.Boolean(), server_default="false", nullable=False))
    op.create_check_constraint(
        op.f("ck_working_hours_once_is_one_day"), "working_hours", "NOT once OR valid_until = valid_from + 1"
    )
    _create_groups()


def _resource_rules(kinds: str, people: str) -> None:
    op.drop_constraint(op.f("ck_resources_kind_known"), "resources", type_="check")
    op.create_check_constraint(op.f("ck_resources_kind_known"), "resources", kinds)
    op.drop_constraint(op.f("ck_resources_practitioner_is_named"), "resources", type_="check")
    op.create_check_constraint(op.f("ck_resources_practitioner_is_named"), "resources", people)


def _create_groups() -> None:
    op.create_table(
        "group_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_why", sa.Text(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("capacity BETWEEN 1 AND 200", name=op.f("ck_group_sessions_capacity")),
        sa.CheckConstraint(
            "NOT isempty(during) AND lower(during) IS NOT NULL AND upper(during) IS NOT NULL",
            name=op.f("ck_group_sessions_during_bounded"),
        ),
        sa.ForeignKeyConstraint(["facility_id"], ["facilities.id"], op.f("fk_group_sessions_facility_id")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], op.f("fk_group_sessions_service_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], op.f("fk_group_sessions_practitioner_id")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], op.f("fk_group_sessions_created_by")),
        sa.ForeignKeyConstraint(["cancelled_by"], ["users.id"], op.f("fk_group_sessions_cancelled_by")),
        sa.ForeignKeyConstraint(["group_id"], ["clinic_groups.id"], op.f("fk_group_sessions_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_sessions")),
    )
    op.create_index(
        "uq_group_sessions_standing",
        "group_sessions",
        ["service_id", "practitioner_id", sa.text("lower(during)")],
        unique=True,
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    op.create_index(
        "ix_group_sessions_facility_start", "group_sessions", ["facility_id", sa.text("lower(during)")]
    )
    op.create_table(
        "group_seats",
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["group_sessions.id"], op.f("fk_group_seats_session_id")),
        sa.PrimaryKeyConstraint("session_id", "number", name="pk_group_seats"),
    )
    op.add_column("allocations", sa.Column("session_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_allocations_session_id"), "allocations", "group_sessions", ["session_id"], ["id"]
    )
    op.create_index(
        "ix_allocations_session",
        "allocations",
        ["session_id"],
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    _one_owner("num_nonnulls(appointment_id, session_id, hold_id) = 1")


def _one_owner(rule: str) -> None:
    op.drop_constraint(op.f("ck_allocations_one_owner"), "allocations", type_="check")
    op.create_check_constraint(op.f("ck_allocations_one_owner"), "allocations", rule)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM allocations WHERE session_id IS NOT NULL")
    _one_owner("num_nonnulls(appointment_id, hold_id) = 1")
    op.drop_column("allocations", "session_id")
    op.drop_table("group_seats")
    op.drop_table("group_sessions")
    op.execute("DELETE FROM working_hours WHERE once")
    op.drop_column("working_hours", "once")
    op.execute("DROP TRIGGER resource_units_overbook ON resource_units")
    op.execute("DROP FUNCTION resource_units_overbook()")
    op.execute(
        "DELETE FROM allocations WHERE unit_id IN (SELECT id FROM resource_units WHERE overbook)"
    )
    op.execute("DELETE FROM resource_units WHERE overbook")
    op.drop_column("resource_units", "overbook")
    op.execute(
        "DELETE FROM time_off WHERE resource_id IN (SELECT id FROM resources WHERE kind = 'facility')"
    )
    op.execute(
        "DELETE FROM working_hours WHERE resource_id IN (SELECT id FROM resources WHERE kind = 'facility')"
    )
    op.execute("DELETE FROM resources WHERE kind = 'facility'")
    op.execute("UPDATE resources SET kind = 'practitioner' WHERE practitioner_id IS NOT NULL")
    op.drop_index("uq_resources_facility", "resources")
    _resource_rules(
        "kind IN ('practitioner', 'therapist', 'room', 'equipment')",
        "(kind = 'practitioner') = (practitioner_id IS NOT NULL)",
    )
    op.drop_column("resources", "equipment_kind")
    for column in SERVICE_COLUMNS:
        op.drop_column("services", column.name)
