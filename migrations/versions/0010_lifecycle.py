"""How visits end and what follows, and links that act for one visit.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
COLUMNS = (
    sa.Column("ended_code", sa.Text(), nullable=True),
    sa.Column("ended_by_kind", sa.Text(), nullable=True),
    sa.Column("follow_up", sa.Text(), nullable=True),
    sa.Column("follow_up_on", sa.Date(), nullable=True),
    sa.Column("follow_up_settled_at", INSTANT, nullable=True),
    sa.Column("follow_up_settled_by", sa.BigInteger(), nullable=True),
    sa.Column("follow_up_settled_why", sa.Text(), nullable=True),
)
CHECKS = {
    "ended_code_known": (
        "ended_code IN ('patient_asked', 'unwell', 'no_transport', 'forgot', 'not_reached', "
        "'practitioner_away', 'clinic_closed', 'wrong_booking', 'other')"
    ),
    "ended_by_known": "ended_by_kind IN ('patient', 'practitioner', 'staff', 'system')",
    "follow_up_known": "follow_up IN ('none', 'on', 'as_needed')",
    "follow_up_on_a_day": "(follow_up IS NOT DISTINCT FROM 'on') = (follow_up_on IS NOT NULL)",
}
FUNCTION = """
CREATE FUNCTION appointments_next_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step text := OLD.status || '>' || NEW.status;
    back text := NEW.status || '>' || OLD.status;
    steps text[] := ARRAY[
        'pending>confirmed', 'pending>rejected', 'pending>cancelled',
        'confirmed>arrived', 'confirmed>in_progress', 'confirmed>cancelled', 'confirmed>no_show',
        'arrived>in_progress', 'arrived>cancelled',
        'in_progress>completed', 'in_progress>cancelled'
    ];
    said appointment_events;
    taken appointment_events;
    place text;
BEGIN
    IF step = ANY (steps) THEN
        RETURN NEW;
    END IF;
    IF back = ANY (steps) THEN
        -- Backwards only what the history says last was taken back, on the day of the step itself.
        SELECT * INTO said FROM appointment_events WHERE appointment_id = NEW.id ORDER BY id DESC LIMIT 1;
        IF said.kind IN ('taken_back', 'undone') AND said.from_status = OLD.status
                AND said.to_status = NEW.status THEN
            SELECT * INTO taken FROM appointment_events
            WHERE appointment_id = NEW.id AND id < said.id AND to_status = OLD.status
                AND from_status = NEW.status
            ORDER BY id DESC LIMIT 1;
            SELECT zone INTO place FROM facilities WHERE id = NEW.facility_id;
            IF (taken.at AT TIME ZONE place)::date = (said.at AT TIME ZONE place)::date THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'visit %: % is no step', OLD.id, step
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'appointments_next_status';
END $$
"""
TRIGGER = """
CREATE TRIGGER appointments_next_status BEFORE UPDATE OF status ON appointments FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION appointments_next_status()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in COLUMNS:
        op.add_column("appointments", column.copy())
    op.create_foreign_key(
        op.f("fk_appointments_follow_up_settled_by"),
        "appointments",
        "users",
        ["follow_up_settled_by"],
        ["id"],
    )
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_appointments_{name}"), "appointments", rule)
    op.create_index(
        "ix_appointments_follow_up",
        "appointments",
        ["facility_id", "follow_up_on", "id"],
        postgresql_where=sa.text("follow_up = 'on' AND follow_up_settled_at IS NULL"),
    )
    op.create_index(
        "ix_appointments_still_open",
        "appointments",
        ["facility_id", sa.text("lower(during)")],
        postgresql_where=sa.text("status IN ('pending', 'confirmed', 'arrived', 'in_progress')"),
    )
    op.add_column("appointment_events", sa.Column("code", sa.Text(), nullable=True))
    op.create_table(
        "appointment_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_links")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_appointment_links_appointment_id")
        ),
        sa.UniqueConstraint("token_hash", name="uq_appointment_links_token"),
    )
    op.create_index("ix_appointment_links_appointment", "appointment_links", ["appointment_id"])
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER appointments_next_status ON appointments")
    op.execute("DROP FUNCTION appointments_next_status()")
    op.drop_table("appointment_links")
    op.drop_column("appointment_events", "code")
    op.drop_index("ix_appointments_still_open", table_name="appointments")
    op.drop_index("ix_appointments_follow_up", table_name="appointments")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_appointments_{name}"), "appointments", type_="check")
    op.drop_constraint(op.f("fk_appointments_follow_up_settled_by"), "appointments", type_="foreignkey")
    for column in reversed(COLUMNS):
        op.drop_column("appointments", column.name)
