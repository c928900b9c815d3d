"""People who wait for a time, and what they are offered.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
WAITS = "status IN ('waiting', 'offered')"
HELD = """
CREATE FUNCTION waitlist_offers_held() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found waitlist_offers;
BEGIN
    SELECT * INTO found FROM waitlist_offers WHERE id = NEW.id;
    IF found.status = 'open' AND NOT EXISTS (
        SELECT 1 FROM holds
        JOIN allocations ON allocations.hold_id = holds.id
        WHERE holds.purpose = 'offer ' || NEW.id AND holds.kind = 'offer'
            AND holds.expires_at >= found.expires_at
            AND allocations.active AND allocations.during @> found.during
    ) THEN
        RAISE EXCEPTION 'the place of offer % is not held', NEW.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'waitlist_offers_held';
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER waitlist_offers_held AFTER INSERT OR UPDATE OF during, expires_at ON waitlist_offers
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION waitlist_offers_held()
"""


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _entries()
    op.create_table(
        "waitlist_practitioners",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "practitioner_id", name=op.f("pk_waitlist_practitioners")),
        _to("waitlist_practitioners", "entry_id", "waitlist_entries"),
        _to("waitlist_practitioners", "practitioner_id", "practitioners"),
    )
    op.create_index("ix_waitlist_practitioners_practitioner", "waitlist_practitioners", ["practitioner_id"])
    _offers()
    op.execute(HELD)
    op.execute(TRIGGER)


def _entries() -> None:
    table = "waitlist_entries"
    checks = {
        "status_known": "status IN ('waiting', 'offered', 'accepted', 'withdrawn', 'expired', 'served')",
        "days_in_order": "from_day <= until_day",
        "weekdays": "weekdays BETWEEN 1 AND 127",
        "parts_known": "parts <@ ARRAY['morning', 'afternoon', 'evening']",
        "hours": (
            "(earliest IS NULL) = (latest IS NULL) AND earliest < latest "
            "AND (earliest IS NULL OR cardinality(parts) = 0)"
        ),
        "reach_known": "reach IN ('sms', 'email', 'call')",
        "mode_known": "mode IN ('in_person', 'online')",
        "note": "length(note) <= 500",
        "kept_visit_with_its_start": "(appointment_id IS NULL) = (kept_starts IS NULL)",
        "call_with_whom": "(call_starts IS NULL) = (call_with IS NULL)",
        "ended_when_ended": f"({WAITS}) = (ended_at IS NULL)",
        "served_by_a_visit": "served_by IS NULL OR status IN ('accepted', 'served')",
    }
    op.create_table(
        table,
        _id(),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.Text(), server_default="in_person", nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("weekdays", sa.SmallInteger(), server_default="127", nullable=False),
        sa.Column("parts", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("earliest", sa.Time(), nullable=True),
        sa.Column("latest", sa.Time(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reach", sa.Text(), server_default="sms", nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("kept_starts", INSTANT, nullable=True),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("call_starts", INSTANT, nullable=True),
        sa.Column("call_with", sa.BigInteger(), nullable=True),
        sa.Column("created_via", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.Column("served_by", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entries")),
        _to(table, "facility_id", "facilities"),
        _to(table, "patient_id", "patients"),
        _to(table, "service_id", "services"),
        _to(table, "appointment_id", "appointments"),
        _to(table, "call_with", "practitioners"),
        _to(table, "created_by", "users"),
        _to(table, "ended_by", "users"),
        _to(table, "served_by", "appointments"),
        _to(table, "group_id", "clinic_groups"),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in checks.items()),
    )
    op.create_index(
        "uq_waitlist_entries_open",
        table,
        ["patient_id", "service_id", "facility_id"],
        unique=True,
        postgresql_where=sa.text(WAITS),
    )
    op.create_index(
        "ix_waitlist_entries_waiting",
        table,
        ["facility_id", sa.text("urgent DESC"), "id"],
        postgresql_where=sa.text(WAITS),
    )
    op.create_index("ix_waitlist_entries_facility", table, ["facility_id", "id"])
    op.create_index("ix_waitlist_entries_patient", table, ["patient_id", "id"])
    op.create_index(
        "ix_waitlist_entries_appointment",
        table,
        ["appointment_id"],
        postgresql_where=sa.text("appointment_id IS NOT NULL"),
    )


def _offers() -> None:
    table = "waitlist_offers"
    checks = {
        "status_known": "status IN ('open', 'accepted', 'declined', 'expired', 'withdrawn')",
        "told_known": "told IN ('sms', 'email', 'call')",
        "during_bounded": "NOT isempty(during) AND lower(during) IS NOT NULL AND upper(during) IS NOT NULL",
        "expires_before_it_begins": "expires_at <= lower(during)",
        "settled_when_settled": "(status = 'open') = (settled_at IS NULL)",
        "accepted_is_a_visit": "(status = 'accepted') = (appointment_id IS NOT NULL)",
    }
    op.create_table(
        table,
        _id(),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("tell_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("settled_by", sa.BigInteger(), nullable=True),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_offers")),
        _to(table, "entry_id", "waitlist_entries"),
        _to(table, "practitioner_id", "practitioners"),
        _to(table, "created_by", "users"),
        _to(table, "settled_by", "users"),
        _to(table, "appointment_id", "appointments"),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in checks.items()),
        sa.UniqueConstraint("token_hash", name="uq_waitlist_offers_token"),
    )
    op.create_index(
        "uq_waitlist_offers_open",
        table,
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_waitlist_offers_due", table, ["expires_at"], postgresql_where=sa.text("status = 'open'")
    )
    op.create_index("ix_waitlist_offers_entry", table, ["entry_id", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("waitlist_offers")
    op.execute("DROP FUNCTION waitlist_offers_held()")
    op.drop_table("waitlist_practitioners")
    op.drop_table("waitlist_entries")
