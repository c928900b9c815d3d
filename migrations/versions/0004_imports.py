"""Lists brought in from files: the imports, their lines, and what is remembered for the next one.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table('imports',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=True),
    sa.Column('locale', sa.Text(), nullable=False),
    sa.Column('shape', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('mapping', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('day_order', sa.Text(), nullable=False),
    sa.Column('counted_from', sa.Date(), nullable=False),
    sa.Column('lenient', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('done', sa.BigInteger(), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('beat_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('attempt', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('committed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('undone_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('undone_by', sa.BigInteger(), nullable=True),
    sa.Column('cleared_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("day_order IN ('dmy', 'mdy')", name=op.f('ck_imports_day_order_known')),
    sa.CheckConstraint("state IN ('reading', 'mapping', 'checking', 'ready', 'committing', 'done', 'undoing', 'undone', 'failed', 'cancelled')", name=op.f('ck_imports_state_known')),
    sa.CheckConstraint('done BETWEEN 0 AND total', name=op.f('ck_imports_done_within_total')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_imports_created_by')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_imports_facility_id')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_imports_group_id')),
    sa.ForeignKeyConstraint(['undone_by'], ['users.id'], name=op.f('fk_imports_undone_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_imports'))
    )
    op.create_index('ix_imports_facility_created', 'imports', ['facility_id', 'created_at', 'id'], unique=False)
    op.create_table('import_chunks',
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['imports.id'], name=op.f('fk_import_chunks_import_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id', 'number', name='pk_import_chunks')
    )
    op.create_table('import_rows',
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('cells', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('flaw', sa.Text(), nullable=True),
    sa.Column('mended', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('faults', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('notes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('values', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('match', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('match_name', sa.Text(collation='C'), nullable=True),
    sa.Column('match_contact', sa.Text(collation='C'), nullable=True),
    sa.Column('decision', sa.Text(), nullable=True),
    sa.Column('record_id', sa.BigInteger(), nullable=True),
    sa.Column('added', sa.Boolean(), nullable=False),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('version_after', sa.BigInteger(), nullable=True),
    sa.Column('written_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("decision IN ('add', 'fill', 'replace', 'leave')", name=op.f('ck_import_rows_decision_known')),
    sa.CheckConstraint("outcome IN ('new', 'present', 'duplicate', 'refused')", name=op.f('ck_import_rows_outcome_known')),
    sa.CheckConstraint('(record_id IS NULL) = (written_at IS NULL)', name=op.f('ck_import_rows_written_has_record')),
    sa.ForeignKeyConstraint(['import_id'], ['imports.id'], name=op.f('fk_import_rows_import_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id', 'number', name='pk_import_rows')
    )
    op.create_index('ix_import_rows_contact', 'import_rows', ['import_id', 'match_contact', 'number'], unique=False)
    op.create_index('ix_import_rows_name', 'import_rows', ['import_id', 'match_name', 'number'], unique=False)
    op.create_index('ix_import_rows_outcome', 'import_rows', ['import_id', 'outcome', 'number'], unique=False)
    op.create_table('imported_lines',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_imported_lines_facility_id')),
    sa.ForeignKeyConstraint(['import_id'], ['imports.id'], name=op.f('fk_imported_lines_import_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_imported_lines')),
    sa.UniqueConstraint('facility_id', 'kind', 'fingerprint', name='uq_imported_lines_fingerprint')
    )
    op.create_index('ix_imported_lines_import', 'imported_lines', ['import_id'], unique=False)
    op.create_table('import_headings',
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('heading', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_import_headings_facility_id')),
    sa.PrimaryKeyConstraint('facility_id', 'kind', 'heading', name='pk_import_headings')
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("import_headings", "imported_lines", "import_rows", "import_chunks", "imports"):
        op.drop_table(table)
