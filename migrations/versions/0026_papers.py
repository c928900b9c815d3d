"""Papers: files of a patient's record, of a visit, of a note.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
KINDS = "kind IN ('prescription', 'lab_report', 'doctors_note', 'discharge_summary', 'vaccination', 'other')"
FILE_CHECKS = {
    "scan_known": "scan IN ('pending', 'clean', 'refused')",
    "media_type_known": "media_type IN ('image/jpeg', 'image/png', 'application/pdf')",
    "size_positive": "size > 0",
    "sha256_whole": "length(sha256) = 64",
    "pages_of_pdf": "(media_type = 'application/pdf') = (pages IS NOT NULL)",
}
FILE_STAYS = """
CREATE FUNCTION papers_file_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the file of paper % never changes', OLD.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'papers_file_stays';
END $$
"""
FILE_STAYS_TRIGGER = """
CREATE TRIGGER papers_file_stays BEFORE UPDATE ON papers FOR EACH ROW
WHEN ((OLD.patient_id, OLD.stem, OLD.sha256, OLD.media_type, OLD.size, OLD.created_at, OLD.uploaded_by)
    IS DISTINCT FROM
    (NEW.patient_id, NEW.stem, NEW.sha256, NEW.media_type, NEW.size, NEW.created_at, NEW.uploaded_by))
EXECUTE FUNCTION papers_file_stays()
"""
LOCKED = """
CREATE FUNCTION note_papers_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.note_id ELSE OLD.note_id END;
    state text;
BEGIN
    SELECT status INTO state FROM notes WHERE id = noted FOR SHARE;
    IF state = 'signed' OR TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'what is attached to note % stays', noted
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'note_papers_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
LOCKED_TRIGGER = """
CREATE TRIGGER note_papers_locked BEFORE INSERT OR UPDATE OR DELETE ON note_papers
FOR EACH ROW EXECUTE FUNCTION note_papers_locked()
"""


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _to(table: str, column: str, target: str, **more: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), **more)


def _checks(table: str, checks: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in checks.items()]


def _file() -> list[sa.Column[object]]:
    return [
        sa.Column("stem", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("scan", sa.Text(), server_default="pending", nullable=False),
        sa.Column("scanned_at", INSTANT, nullable=True),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _papers()
    _pending()
    op.create_table(
        "appointment_papers",
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("paper_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", "paper_id", name=op.f("pk_appointment_papers")),
        _to("appointment_papers", "appointment_id", "appointments"),
        _to("appointment_papers", "paper_id", "papers", ondelete="CASCADE"),
    )
    op.create_index("ix_appointment_papers_paper", "appointment_papers", ["paper_id"])
    op.create_table(
        "note_papers",
        sa.Column("note_id", sa.BigInteger(), nullable=False),
        sa.Column("paper_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("note_id", "paper_id", name=op.f("pk_note_papers")),
        _to("note_papers", "note_id", "notes"),
        _to("note_papers", "paper_id", "papers"),
        _to("note_papers", "created_by", "users"),
    )
    op.create_index("ix_note_papers_paper", "note_papers", ["paper_id"])
    op.execute(FILE_STAYS)
    op.execute(FILE_STAYS_TRIGGER)
    op.execute(LOCKED)
    op.execute(LOCKED_TRIGGER)


def _papers() -> None:
    table = "papers"
    checks = FILE_CHECKS | {
        "kind_known": KINDS,
        "source_known": "source IN ('staff', 'patient', 'booking')",
        "title": "length(title) BETWEEN 1 AND 200",
        "one_doctor": "practitioner_id IS NULL OR doctor IS NULL",
        "verified_by_somebody": "(verified_at IS NULL) = (verified_by IS NULL)",
        "removed_with_reason": "(removed_at IS NULL) = (removed_why IS NULL)",
    }
    op.create_table(
        table,
        _id(),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("doctor", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        *_file(),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", INSTANT, nullable=True),
        sa.Column("verified_by", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("removed_by", sa.BigInteger(), nullable=True),
        sa.Column("removed_why", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
        _to(table, "facility_id", "facilities"),
        _to(table, "patient_id", "patients"),
        _to(table, "practitioner_id", "practitioners"),
        _to(table, "uploaded_by", "users"),
        _to(table, "verified_by", "users"),
        _to(table, "removed_by", "users"),
        _to(table, "group_id", "clinic_groups"),
        *_checks(table, checks),
        sa.UniqueConstraint("stem", name="uq_papers_stem"),
    )
    op.create_index(
        "uq_papers_same_file",
        table,
        ["patient_id", "sha256"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL AND scan <> 'refused'"),
    )
    op.create_index("ix_papers_patient", table, ["patient_id", "id"])
    op.create_index("ix_papers_facility", table, ["facility_id", "id"])
    op.create_index("ix_papers_waiting", table, ["id"], postgresql_where=sa.text("scan = 'pending'"))


def _pending() -> None:
    table = "pending_uploads"
    op.create_table(
        table,
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("form_key", sa.String(64), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *_file(),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_uploads")),
        _to(table, "user_id", "users"),
        *_checks(table, FILE_CHECKS | {"kind_known": KINDS}),
        sa.UniqueConstraint("stem", name="uq_pending_uploads_stem"),
        sa.UniqueConstraint("user_id", "form_key", "sha256", name="uq_pending_uploads_same_file"),
    )
    op.create_index("ix_pending_uploads_created", table, ["created_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("note_papers")
    op.execute("DROP FUNCTION note_papers_locked()")
    op.drop_table("appointment_papers")
    op.drop_table("pending_uploads")
    op.drop_table("papers")
    op.execute("DROP FUNCTION papers_file_stays()")
