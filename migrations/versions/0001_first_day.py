"""The first day: people, places, time, notes and messages, with the rules the database keeps itself.

Written by hand: the patient numbers, the words of names, and the triggers.
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


RULES = (
    # Words of a folded name, so that any of them can begin a search.
    """
    CREATE FUNCTION patients_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM patient_words WHERE patient_id = NEW.id;
        END IF;
        INSERT INTO patient_words (word, patient_id)
        SELECT DISTINCT left(word, 200), NEW.id FROM unnest(string_to_array(NEW.search_name, ' ')) AS word WHERE word <> ''
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER patients_words_insert AFTER INSERT ON patients FOR EACH ROW EXECUTE FUNCTION patients_words()",
    """
    CREATE TRIGGER patients_words_update AFTER UPDATE OF search_name ON patients FOR EACH ROW
    WHEN (OLD.search_name IS DISTINCT FROM NEW.search_name) EXECUTE FUNCTION patients_words()
    """,
    # Rows that are only ever added.
    """
    CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
    END $$
    """,
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        for table in ("audit_events", "addenda", "appointment_events")
    ),
    # A signed note is as it was signed. Sharing it with the patient is the only thing that may still change.
    """
    CREATE FUNCTION notes_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.status = 'signed' AND (
            TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'shared_at') IS DISTINCT FROM (to_jsonb(OLD) - 'shared_at')
        ) THEN
            RAISE EXCEPTION 'note % is signed', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'notes_signed_locked';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$
    """,
    "CREATE TRIGGER notes_signed_locked BEFORE UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION notes_signed_locked()",
    "CREATE TRIGGER notes_not_truncated BEFORE TRUNCATE ON notes FOR EACH STATEMENT EXECUTE FUNCTION append_only()",
    """
    CREATE FUNCTION vital_signs_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE locked bigint;
    BEGIN
        SELECT id INTO locked FROM notes
        WHERE status = 'signed' AND id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.note_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.note_id END
        ) LIMIT 1;
        IF locked IS NOT NULL THEN
            RAISE EXCEPTION 'note % is signed', locked
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'vital_signs_signed_locked';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$
    """,
    """
    CREATE TRIGGER vital_signs_signed_locked BEFORE INSERT OR UPDATE OR DELETE ON vital_signs
    FOR EACH ROW EXECUTE FUNCTION vital_signs_signed_locked()
    """,
    "CREATE TRIGGER vital_signs_not_truncated BEFORE TRUNCATE ON vital_signs "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()",
    "INSERT INTO clinic_groups (name) VALUES ('Clinics')",
)
FUNCTIONS = ("patients_words", "append_only", "notes_signed_locked", "vital_signs_signed_locked")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE patients_mrn_seq START 10001")
    op.create_table('clinic_groups',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clinic_groups'))
    )
    op.create_table('console_messages',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_console_messages'))
    )
    op.create_table('note_templates',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('version', sa.SmallInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('layout', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note_templates')),
    sa.UniqueConstraint('code', 'version', name='uq_note_templates_code_version')
    )
    op.create_table('one_time_codes',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('mobile', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('code_hash', sa.Text(), nullable=False),
    sa.Column('browser_hash', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('attempts', sa.SmallInteger(), nullable=False),
    sa.Column('used_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('replaced_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint('attempts BETWEEN 0 AND 5', name=op.f('ck_one_time_codes_attempts_bounded')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_one_time_codes'))
    )
    op.create_index('ix_one_time_codes_created', 'one_time_codes', ['created_at'], unique=False)
    op.create_index('ix_one_time_codes_mobile_created', 'one_time_codes', ['mobile', 'created_at'], unique=False)
    op.create_index('ix_one_time_codes_origin_created', 'one_time_codes', ['origin', 'created_at'], unique=False)
    op.create_table('sign_in_attempts',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('identifier_hash', sa.Text(), nullable=False),
    sa.Column('browser_hash', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('succeeded', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_attempts'))
    )
    op.create_index('ix_sign_in_attempts_identifier_at', 'sign_in_attempts', ['identifier_hash', 'at'], unique=False)
    op.create_index('ix_sign_in_attempts_origin_at', 'sign_in_attempts', ['origin', 'at'], unique=False)
    op.create_table('users',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('mobile', sa.Text(), nullable=True),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('password_changed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('locale', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('last_sign_in_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("mobile ~ '^\\+[1-9][0-9]{6,14}$'", name=op.f('ck_users_mobile_e164')),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_users_email_lower_case')),
    sa.CheckConstraint('email IS NOT NULL OR mobile IS NOT NULL', name=op.f('ck_users_reachable')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email', name='uq_users_email'),
    sa.UniqueConstraint('mobile', name='uq_users_mobile')
    )
    op.create_table('account_links',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('spent_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("purpose IN ('invitation', 'reset')", name=op.f('ck_account_links_purpose_known')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_account_links_created_by')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_account_links_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_links')),
    sa.UniqueConstraint('token_hash', name='uq_account_links_token')
    )
    op.create_table('audit_events',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('actor_id', sa.BigInteger(), nullable=True),
    sa.Column('actor_name', sa.Text(), nullable=False),
    sa.Column('session_id', sa.BigInteger(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('subject_type', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.BigInteger(), nullable=True),
    sa.Column('patient_id', sa.BigInteger(), nullable=True),
    sa.Column('facility_id', sa.BigInteger(), nullable=True),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('request_id', sa.Text(), nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.CheckConstraint("outcome IN ('done', 'refused')", name=op.f('ck_audit_events_outcome_known')),
    sa.ForeignKeyConstraint(['actor_id'], ['users.id'], name=op.f('fk_audit_events_actor_id')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_audit_events_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_events'))
    )
    op.create_index('ix_audit_events_actor_at', 'audit_events', ['actor_id', 'at'], unique=False)
    op.create_index('ix_audit_events_patient_at', 'audit_events', ['patient_id', 'at'], unique=False)
    op.create_table('facilities',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('short_name', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('locale', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('line', sa.Text(), nullable=True),
    sa.Column('city', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=True),
    sa.Column('postal_code', sa.Text(), nullable=True),
    sa.Column('opens', sa.Time(), nullable=False),
    sa.Column('closes', sa.Time(), nullable=False),
    sa.Column('booking_days', sa.BigInteger(), nullable=False),
    sa.Column('whole_facility_in_care', sa.Boolean(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint('booking_days BETWEEN 1 AND 730', name=op.f('ck_facilities_booking_days')),
    sa.CheckConstraint('opens < closes', name=op.f('ck_facilities_opens_before_closes')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_facilities_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_facilities'))
    )
    op.create_table('holds',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_holds_created_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holds'))
    )
    op.create_index('ix_holds_expires', 'holds', ['expires_at'], unique=False)
    op.create_table('login_sessions',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('last_seen_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('ended_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('agent', sa.Text(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('staff', 'patient')", name=op.f('ck_login_sessions_kind_known')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_login_sessions_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_sessions')),
    sa.UniqueConstraint('token_hash', name='uq_login_sessions_token')
    )
    op.create_index('ix_login_sessions_user_open', 'login_sessions', ['user_id'], unique=False, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('messages',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('locale', sa.Text(), nullable=False),
    sa.Column('recipient_type', sa.Text(), nullable=False),
    sa.Column('recipient_id', sa.BigInteger(), nullable=True),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('subject_type', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.BigInteger(), nullable=True),
    sa.Column('patient_id', sa.BigInteger(), nullable=True),
    sa.Column('dedupe_key', sa.Text(), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('send_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('attempts', sa.SmallInteger(), nullable=False),
    sa.Column('next_try_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('claimed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('handed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('finished_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('provider', sa.Text(), nullable=True),
    sa.Column('provider_id', sa.Text(), nullable=True),
    sa.Column('why', sa.Text(), nullable=True),
    sa.Column('secret', sa.Text(), nullable=True),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("(status IN ('queued', 'sending')) = (finished_at IS NULL)", name=op.f('ck_messages_finished_when_final')),
    sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f('ck_messages_channel_known')),
    sa.CheckConstraint("secret IS NULL OR status IN ('queued', 'sending')", name=op.f('ck_messages_secret_only_while_open')),
    sa.CheckConstraint("status IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'cancelled', 'expired')", name=op.f('ck_messages_status_known')),
    sa.CheckConstraint('attempts >= 0', name=op.f('ck_messages_attempts_not_negative')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_messages_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_messages')),
    sa.UniqueConstraint('dedupe_key', name='uq_messages_dedupe_key')
    )
    op.create_index('ix_messages_due', 'messages', ['next_try_at'], unique=False, postgresql_where=sa.text("status = 'queued'"))
    op.create_index('ix_messages_facility_created', 'messages', ['facility_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_messages_provider', 'messages', ['provider_id'], unique=False, postgresql_where=sa.text('provider_id IS NOT NULL'))
    op.create_index('ix_messages_sending', 'messages', ['claimed_at'], unique=False, postgresql_where=sa.text("status = 'sending'"))
    op.create_index('ix_messages_subject', 'messages', ['subject_type', 'subject_id'], unique=False)
    op.create_table('practitioners',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('search_name', sa.Text(collation='C'), nullable=False),
    sa.Column('sex', sa.Text(), nullable=True),
    sa.Column('specialization', sa.Text(), nullable=True),
    sa.Column('qualification', sa.Text(), nullable=True),
    sa.Column('experience_years', sa.SmallInteger(), nullable=True),
    sa.Column('licence_number', sa.Text(), nullable=True),
    sa.Column('registration_number', sa.Text(), nullable=True),
    sa.Column('default_minutes', sa.SmallInteger(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('line', sa.Text(), nullable=True),
    sa.Column('city', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=True),
    sa.Column('postal_code', sa.Text(), nullable=True),
    sa.Column('country', sa.Text(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('verified_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('verified_by', sa.BigInteger(), nullable=True),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint('default_minutes BETWEEN 5 AND 480', name=op.f('ck_practitioners_default_minutes')),
    sa.CheckConstraint('experience_years >= 0', name=op.f('ck_practitioners_experience_not_negative')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_practitioners_group_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_practitioners_user_id')),
    sa.ForeignKeyConstraint(['verified_by'], ['users.id'], name=op.f('fk_practitioners_verified_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_practitioners')),
    sa.UniqueConstraint('licence_number', name='uq_practitioners_licence'),
    sa.UniqueConstraint('user_id', name='uq_practitioners_user')
    )
    op.create_index('ix_practitioners_search_name', 'practitioners', ['search_name', 'id'], unique=False)
    op.create_table('affiliations',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('practitioner_id', sa.BigInteger(), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_affiliations_facility_id')),
    sa.ForeignKeyConstraint(['practitioner_id'], ['practitioners.id'], name=op.f('fk_affiliations_practitioner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_affiliations')),
    sa.UniqueConstraint('practitioner_id', 'facility_id', name='uq_affiliations_once')
    )
    op.create_table('patients',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('mrn', sa.Text(), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('search_name', sa.Text(collation='C'), nullable=False),
    sa.Column('sex', sa.Text(), nullable=False),
    sa.Column('birth_date', sa.Date(), nullable=True),
    sa.Column('birth_precision', sa.Text(), nullable=True),
    sa.Column('mobile', sa.Text(collation='C'), nullable=True),
    sa.Column('mobile_reversed', sa.Text(collation='C'), sa.Computed('reverse(mobile)', persisted=True), nullable=True),
    sa.Column('phone_as_given', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('email_folded', sa.Text(collation='C'), sa.Computed('lower(email)', persisted=True), nullable=True),
    sa.Column('locale', sa.Text(), nullable=False),
    sa.Column('line', sa.Text(), nullable=True),
    sa.Column('city', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=True),
    sa.Column('postal_code', sa.Text(), nullable=True),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('emergency_name', sa.Text(), nullable=True),
    sa.Column('emergency_phone', sa.Text(), nullable=True),
    sa.Column('emergency_relationship', sa.Text(), nullable=True),
    sa.Column('medical_history', sa.Text(), nullable=True),
    sa.Column('prakriti', sa.Text(), nullable=True),
    sa.Column('blood_group', sa.Text(), nullable=True),
    sa.Column('allergy_status', sa.Text(), nullable=False),
    sa.Column('allergies_asked_by', sa.BigInteger(), nullable=True),
    sa.Column('allergies_asked_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('allergies_asked_source', sa.Text(), nullable=True),
    sa.Column('deceased', sa.Boolean(), nullable=False),
    sa.Column('deceased_on', sa.Date(), nullable=True),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('submission_key', sa.Text(), nullable=True),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("allergy_status <> 'none_known' OR (allergies_asked_at IS NOT NULL AND num_nonnulls(allergies_asked_by, allergies_asked_source) > 0)", name=op.f('ck_patients_none_known_was_asked')),
    sa.CheckConstraint("allergy_status IN ('not_asked', 'none_known', 'recorded')", name=op.f('ck_patients_allergy_status_known')),
    sa.CheckConstraint("birth_precision IN ('day', 'month', 'year', 'age')", name=op.f('ck_patients_birth_precision_known')),
    sa.CheckConstraint("blood_group IN ('A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-')", name=op.f('ck_patients_blood_group_known')),
    sa.CheckConstraint("mobile ~ '^\\+[1-9][0-9]{6,14}$'", name=op.f('ck_patients_mobile_e164')),
    sa.CheckConstraint("prakriti IN ('vata', 'pitta', 'kapha', 'vata_pitta', 'pitta_kapha', 'vata_kapha', 'tridosha')", name=op.f('ck_patients_prakriti_known')),
    sa.CheckConstraint("sex IN ('female', 'male', 'other', 'unknown')", name=op.f('ck_patients_sex_known')),
    sa.CheckConstraint('(birth_date IS NULL) = (birth_precision IS NULL)', name=op.f('ck_patients_birth_date_has_precision')),
    sa.CheckConstraint('char_length(name) BETWEEN 1 AND 200', name=op.f('ck_patients_name_length')),
    sa.ForeignKeyConstraint(['allergies_asked_by'], ['users.id'], name=op.f('fk_patients_allergies_asked_by')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_patients_created_by')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_patients_facility_id')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_patients_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_patients')),
    sa.UniqueConstraint('mrn', name='uq_patients_mrn'),
    sa.UniqueConstraint('submission_key', name='uq_patients_submission_key')
    )
    op.create_index('ix_patients_birth_date', 'patients', ['birth_date'], unique=False)
    op.create_index('ix_patients_created', 'patients', ['created_at', 'id'], unique=False)
    op.create_index('ix_patients_email', 'patients', ['email_folded'], unique=False)
    op.create_index('ix_patients_mobile', 'patients', ['mobile'], unique=False)
    op.create_index('ix_patients_mobile_reversed', 'patients', ['mobile_reversed'], unique=False)
    op.create_index('ix_patients_search_name', 'patients', ['search_name', 'id'], unique=False)
    op.create_table('practitioner_identifiers',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('practitioner_id', sa.BigInteger(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['practitioner_id'], ['practitioners.id'], name=op.f('fk_practitioner_identifiers_practitioner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_practitioner_identifiers')),
    sa.UniqueConstraint('system', 'value', name='uq_practitioner_identifiers_system_value')
    )
    op.create_table('resources',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('room_kind', sa.Text(), nullable=True),
    sa.Column('practitioner_id', sa.BigInteger(), nullable=True),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("(kind = 'practitioner') = (practitioner_id IS NOT NULL)", name=op.f('ck_resources_practitioner_is_named')),
    sa.CheckConstraint("kind IN ('practitioner', 'therapist', 'room', 'equipment')", name=op.f('ck_resources_kind_known')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_resources_facility_id')),
    sa.ForeignKeyConstraint(['practitioner_id'], ['practitioners.id'], name=op.f('fk_resources_practitioner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_resources')),
    sa.UniqueConstraint('facility_id', 'practitioner_id', name='uq_resources_practitioner')
    )
    op.create_index('ix_resources_facility_kind', 'resources', ['facility_id', 'kind'], unique=False)
    op.create_table('role_grants',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=True),
    sa.Column('granted_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("role IN ('admin', 'facility_admin', 'practitioner', 'therapist', 'receptionist', 'patient')", name=op.f('ck_role_grants_role_known')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_role_grants_facility_id')),
    sa.ForeignKeyConstraint(['granted_by'], ['users.id'], name=op.f('fk_role_grants_granted_by')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_role_grants_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role_grants')),
    sa.UniqueConstraint('user_id', 'role', 'facility_id', name='uq_role_grants_once', postgresql_nulls_not_distinct=True)
    )
    op.create_table('services',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_hi', sa.Text(), nullable=True),
    sa.Column('minutes', sa.SmallInteger(), nullable=False),
    sa.Column('fee', sa.Numeric(precision=12, scale=2), nullable=False),
    sa.Column('hue', sa.SmallInteger(), nullable=False),
    sa.Column('room_kind', sa.Text(), nullable=True),
    sa.Column('note_template', sa.Text(), nullable=False),
    sa.Column('online_booking', sa.Boolean(), nullable=False),
    sa.Column('needs_confirmation', sa.Boolean(), nullable=False),
    sa.Column('before_you_come', sa.Text(), nullable=True),
    sa.Column('before_you_come_hi', sa.Text(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint('fee >= 0', name=op.f('ck_services_fee_not_negative')),
    sa.CheckConstraint('hue BETWEEN 1 AND 8', name=op.f('ck_services_hue')),
    sa.CheckConstraint('minutes BETWEEN 5 AND 720', name=op.f('ck_services_minutes')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_services_facility_id')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_services_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_services')),
    sa.UniqueConstraint('facility_id', 'code', name='uq_services_facility_code')
    )
    op.create_table('allergies',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('substance', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=True),
    sa.Column('criticality', sa.Text(), nullable=True),
    sa.Column('reaction', sa.Text(), nullable=True),
    sa.Column('severity', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('recorded_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.BigInteger(), nullable=True),
    sa.Column('source_system', sa.Text(), nullable=True),
    sa.Column('source_value', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("criticality IN ('low', 'high', 'unable_to_assess')", name=op.f('ck_allergies_criticality_known')),
    sa.CheckConstraint("severity IN ('mild', 'moderate', 'severe')", name=op.f('ck_allergies_severity_known')),
    sa.CheckConstraint("status IN ('active', 'inactive', 'resolved', 'entered_in_error')", name=op.f('ck_allergies_status_known')),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_allergies_patient_id')),
    sa.ForeignKeyConstraint(['recorded_by'], ['users.id'], name=op.f('fk_allergies_recorded_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_allergies')),
    sa.UniqueConstraint('source_system', 'source_value', name='uq_allergies_source')
    )
    op.create_index('ix_allergies_patient', 'allergies', ['patient_id'], unique=False)
    op.create_table('appointments',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('reference', sa.String(length=10), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('practitioner_id', sa.BigInteger(), nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('during', postgresql.TSTZRANGE(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('mode', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=True),
    sa.Column('created_via', sa.Text(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('override_reason', sa.Text(), nullable=True),
    sa.Column('confirmed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('arrived_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('started_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('completed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('ended_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('ended_by', sa.BigInteger(), nullable=True),
    sa.Column('ended_why', sa.Text(), nullable=True),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('submission_key', sa.Text(), nullable=True),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    postgresql.ExcludeConstraint((sa.text("int8range(patient_id, patient_id, '[]')"), '&&'), (sa.column('during'), '&&'), where=sa.text("status IN ('pending', 'confirmed', 'arrived', 'in_progress', 'completed')"), using='gist', name='ex_appointments_patient_overlap'),
    sa.CheckConstraint("(status IN ('cancelled', 'rejected', 'no_show')) = (ended_at IS NOT NULL)", name=op.f('ck_appointments_ended_when_ended')),
    sa.CheckConstraint("mode IN ('in_person', 'online')", name=op.f('ck_appointments_mode_known')),
    sa.CheckConstraint("status IN ('pending', 'confirmed', 'arrived', 'in_progress', 'completed', 'cancelled', 'rejected', 'no_show')", name=op.f('ck_appointments_status_known')),
    sa.CheckConstraint('NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)', name=op.f('ck_appointments_during_half_open')),
    sa.CheckConstraint('lower(during) IS NOT NULL AND upper(during) IS NOT NULL', name=op.f('ck_appointments_during_bounded')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_appointments_created_by')),
    sa.ForeignKeyConstraint(['ended_by'], ['users.id'], name=op.f('fk_appointments_ended_by')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_appointments_facility_id')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_appointments_group_id')),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_appointments_patient_id')),
    sa.ForeignKeyConstraint(['practitioner_id'], ['practitioners.id'], name=op.f('fk_appointments_practitioner_id')),
    sa.ForeignKeyConstraint(['service_id'], ['services.id'], name=op.f('fk_appointments_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appointments')),
    sa.UniqueConstraint('reference', name='uq_appointments_reference'),
    sa.UniqueConstraint('submission_key', name='uq_appointments_submission_key')
    )
    op.create_index('ix_appointments_facility_start', 'appointments', ['facility_id', sa.literal_column('lower(during)'), 'id'], unique=False)
    op.create_index('ix_appointments_patient_start', 'appointments', ['patient_id', sa.literal_column('lower(during)')], unique=False)
    op.create_index('ix_appointments_practitioner_start', 'appointments', ['practitioner_id', sa.literal_column('lower(during)')], unique=False)
    op.create_table('care_relationships',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('practitioner_id', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('ended_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_care_relationships_patient_id')),
    sa.ForeignKeyConstraint(['practitioner_id'], ['practitioners.id'], name=op.f('fk_care_relationships_practitioner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_care_relationships'))
    )
    op.create_index('ix_care_relationships_practitioner', 'care_relationships', ['practitioner_id'], unique=False)
    op.create_index('uq_care_relationships_active', 'care_relationships', ['patient_id', 'practitioner_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('guardianships',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('relationship_kind', sa.Text(), nullable=False),
    sa.Column('ended_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_guardianships_patient_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_guardianships_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guardianships'))
    )
    op.create_index('ix_guardianships_patient', 'guardianships', ['patient_id'], unique=False)
    op.create_index('uq_guardianships_active', 'guardianships', ['user_id', 'patient_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('intake_links',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('revoked_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('submitted_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('reviewed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('reviewed_by', sa.BigInteger(), nullable=True),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_intake_links_created_by')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_intake_links_facility_id')),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_intake_links_patient_id')),
    sa.ForeignKeyConstraint(['reviewed_by'], ['users.id'], name=op.f('fk_intake_links_reviewed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_intake_links')),
    sa.UniqueConstraint('token_hash', name='uq_intake_links_token')
    )
    op.create_index('ix_intake_links_patient', 'intake_links', ['patient_id'], unique=False)
    op.create_table('patient_identifiers',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_patient_identifiers_patient_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_patient_identifiers')),
    sa.UniqueConstraint('system', 'value', name='uq_patient_identifiers_system_value')
    )
    op.create_table('patient_words',
    sa.Column('word', sa.Text(collation='C'), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_patient_words_patient_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('word', 'patient_id', name=op.f('pk_patient_words'))
    )
    op.create_index('ix_patient_words_patient', 'patient_words', ['patient_id', 'word'], unique=False)
    op.create_table('resource_units',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('resource_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.CheckConstraint('number >= 0', name=op.f('ck_resource_units_number_not_negative')),
    sa.ForeignKeyConstraint(['resource_id'], ['resources.id'], name=op.f('fk_resource_units_resource_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_resource_units')),
    sa.UniqueConstraint('resource_id', 'number', name='uq_resource_units_number')
    )
    op.create_table('time_off',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('resource_id', sa.BigInteger(), nullable=False),
    sa.Column('during', postgresql.TSTZRANGE(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint('NOT isempty(during)', name=op.f('ck_time_off_not_empty')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_time_off_created_by')),
    sa.ForeignKeyConstraint(['resource_id'], ['resources.id'], name=op.f('fk_time_off_resource_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_time_off'))
    )
    op.create_index('ix_time_off_resource_during', 'time_off', ['resource_id', 'during'], unique=False)
    op.create_table('working_hours',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('resource_id', sa.BigInteger(), nullable=False),
    sa.Column('weekday', sa.SmallInteger(), nullable=False),
    sa.Column('starts', sa.Time(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.CheckConstraint('starts < ends', name=op.f('ck_working_hours_starts_before_ends')),
    sa.CheckConstraint('valid_until IS NULL OR valid_until > valid_from', name=op.f('ck_working_hours_valid_range')),
    sa.CheckConstraint('weekday BETWEEN 0 AND 6', name=op.f('ck_working_hours_weekday')),
    sa.ForeignKeyConstraint(['resource_id'], ['resources.id'], name=op.f('fk_working_hours_resource_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_working_hours'))
    )
    op.create_index('ix_working_hours_resource_weekday', 'working_hours', ['resource_id', 'weekday'], unique=False)
    op.create_table('allocations',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('unit_id', sa.BigInteger(), nullable=False),
    sa.Column('appointment_id', sa.BigInteger(), nullable=True),
    sa.Column('hold_id', sa.BigInteger(), nullable=True),
    sa.Column('during', postgresql.TSTZRANGE(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    postgresql.ExcludeConstraint((sa.text("int8range(unit_id, unit_id, '[]')"), '&&'), (sa.column('during'), '&&'), where=sa.text('active'), using='gist', name='ex_allocations_unit_overlap'),
    sa.CheckConstraint('NOT isempty(during)', name=op.f('ck_allocations_not_empty')),
    sa.CheckConstraint('num_nonnulls(appointment_id, hold_id) = 1', name=op.f('ck_allocations_one_owner')),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointments.id'], name=op.f('fk_allocations_appointment_id')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_allocations_facility_id')),
    sa.ForeignKeyConstraint(['hold_id'], ['holds.id'], name=op.f('fk_allocations_hold_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['resource_units.id'], name=op.f('fk_allocations_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_allocations'))
    )
    op.create_index('ix_allocations_appointment', 'allocations', ['appointment_id'], unique=False)
    op.create_index('ix_allocations_hold', 'allocations', ['hold_id'], unique=False, postgresql_where=sa.text('hold_id IS NOT NULL'))
    op.create_index('ix_allocations_unit_until', 'allocations', ['unit_id', sa.literal_column('upper(during)')], unique=False, postgresql_where=sa.text('active'))
    op.create_table('appointment_events',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('appointment_id', sa.BigInteger(), nullable=False),
    sa.Column('at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('actor_id', sa.BigInteger(), nullable=True),
    sa.Column('actor_name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('from_status', sa.Text(), nullable=True),
    sa.Column('to_status', sa.Text(), nullable=True),
    sa.Column('from_during', postgresql.TSTZRANGE(), nullable=True),
    sa.Column('to_during', postgresql.TSTZRANGE(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['actor_id'], ['users.id'], name=op.f('fk_appointment_events_actor_id')),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointments.id'], name=op.f('fk_appointment_events_appointment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appointment_events'))
    )
    op.create_index('ix_appointment_events_appointment', 'appointment_events', ['appointment_id', 'id'], unique=False)
    op.create_table('intake_sections',
    sa.Column('link_id', sa.BigInteger(), nullable=False),
    sa.Column('section', sa.Text(), nullable=False),
    sa.Column('answers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('saved_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['link_id'], ['intake_links.id'], name=op.f('fk_intake_sections_link_id')),
    sa.PrimaryKeyConstraint('link_id', 'section', name=op.f('pk_intake_sections'))
    )
    op.create_table('notes',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('appointment_id', sa.BigInteger(), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('practitioner_id', sa.BigInteger(), nullable=False),
    sa.Column('template_id', sa.BigInteger(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('saved_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('saved_by', sa.BigInteger(), nullable=True),
    sa.Column('signed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('signed_by', sa.BigInteger(), nullable=True),
    sa.Column('shared_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('group_id', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("(status = 'signed') = (signed_at IS NOT NULL)", name=op.f('ck_notes_signed_has_time')),
    sa.CheckConstraint("status IN ('draft', 'signed')", name=op.f('ck_notes_status_known')),
    sa.CheckConstraint('(signed_at IS NULL) = (signed_by IS NULL)', name=op.f('ck_notes_signed_has_signer')),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointments.id'], name=op.f('fk_notes_appointment_id')),
    sa.ForeignKeyConstraint(['facility_id'], ['facilities.id'], name=op.f('fk_notes_facility_id')),
    sa.ForeignKeyConstraint(['group_id'], ['clinic_groups.id'], name=op.f('fk_notes_group_id')),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_notes_patient_id')),
    sa.ForeignKeyConstraint(['practitioner_id'], ['practitioners.id'], name=op.f('fk_notes_practitioner_id')),
    sa.ForeignKeyConstraint(['saved_by'], ['users.id'], name=op.f('fk_notes_saved_by')),
    sa.ForeignKeyConstraint(['signed_by'], ['users.id'], name=op.f('fk_notes_signed_by')),
    sa.ForeignKeyConstraint(['template_id'], ['note_templates.id'], name=op.f('fk_notes_template_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notes')),
    sa.UniqueConstraint('appointment_id', 'practitioner_id', name='uq_notes_appointment_practitioner')
    )
    op.create_index('ix_notes_patient', 'notes', ['patient_id', 'id'], unique=False)
    op.create_index('ix_notes_practitioner_status', 'notes', ['practitioner_id', 'status'], unique=False)
    op.create_table('addenda',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('note_id', sa.BigInteger(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('author_id', sa.BigInteger(), nullable=False),
    sa.Column('author_name', sa.Text(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_addenda_author_id')),
    sa.ForeignKeyConstraint(['note_id'], ['notes.id'], name=op.f('fk_addenda_note_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_addenda'))
    )
    op.create_index('ix_addenda_note', 'addenda', ['note_id', 'id'], unique=False)
    op.create_table('note_conflicts',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('note_id', sa.BigInteger(), nullable=False),
    sa.Column('based_on_version', sa.BigInteger(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('vitals', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('saved_by', sa.BigInteger(), nullable=True),
    sa.Column('settled_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['note_id'], ['notes.id'], name=op.f('fk_note_conflicts_note_id')),
    sa.ForeignKeyConstraint(['saved_by'], ['users.id'], name=op.f('fk_note_conflicts_saved_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note_conflicts'))
    )
    op.create_index('ix_note_conflicts_note', 'note_conflicts', ['note_id', 'id'], unique=False)
    op.create_table('vital_signs',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('note_id', sa.BigInteger(), nullable=False),
    sa.Column('patient_id', sa.BigInteger(), nullable=False),
    sa.Column('moment', sa.Text(), nullable=False),
    sa.Column('measured_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('systolic_mmhg', sa.SmallInteger(), nullable=True),
    sa.Column('diastolic_mmhg', sa.SmallInteger(), nullable=True),
    sa.Column('pulse_per_min', sa.SmallInteger(), nullable=True),
    sa.Column('temperature_c', sa.Numeric(precision=4, scale=1), nullable=True),
    sa.Column('respiration_per_min', sa.SmallInteger(), nullable=True),
    sa.Column('spo2_percent', sa.SmallInteger(), nullable=True),
    sa.Column('weight_kg', sa.Numeric(precision=5, scale=2), nullable=True),
    sa.Column('height_cm', sa.Numeric(precision=5, scale=1), nullable=True),
    sa.Column('glucose_mg_dl', sa.SmallInteger(), nullable=True),
    sa.Column('pain', sa.SmallInteger(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("moment IN ('before', 'after')", name=op.f('ck_vital_signs_moment_known')),
    sa.CheckConstraint('diastolic_mmhg BETWEEN 20 AND 200', name=op.f('ck_vital_signs_diastolic')),
    sa.CheckConstraint('glucose_mg_dl BETWEEN 10 AND 1000', name=op.f('ck_vital_signs_glucose')),
    sa.CheckConstraint('height_cm BETWEEN 30 AND 250', name=op.f('ck_vital_signs_height')),
    sa.CheckConstraint('pain BETWEEN 0 AND 10', name=op.f('ck_vital_signs_pain')),
    sa.CheckConstraint('pulse_per_min BETWEEN 20 AND 250', name=op.f('ck_vital_signs_pulse')),
    sa.CheckConstraint('respiration_per_min BETWEEN 4 AND 80', name=op.f('ck_vital_signs_respiration')),
    sa.CheckConstraint('spo2_percent BETWEEN 50 AND 100', name=op.f('ck_vital_signs_spo2')),
    sa.CheckConstraint('systolic_mmhg > diastolic_mmhg', name=op.f('ck_vital_signs_systolic_above_diastolic')),
    sa.CheckConstraint('systolic_mmhg BETWEEN 50 AND 300', name=op.f('ck_vital_signs_systolic')),
    sa.CheckConstraint('temperature_c BETWEEN 30 AND 45', name=op.f('ck_vital_signs_temperature')),
    sa.CheckConstraint('weight_kg BETWEEN 0.5 AND 400', name=op.f('ck_vital_signs_weight')),
    sa.ForeignKeyConstraint(['note_id'], ['notes.id'], name=op.f('fk_vital_signs_note_id')),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_vital_signs_patient_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vital_signs')),
    sa.UniqueConstraint('note_id', 'moment', name='uq_vital_signs_note_moment')
    )
    op.create_index('ix_vital_signs_patient', 'vital_signs', ['patient_id', 'measured_at'], unique=False)
    for rule in RULES:
        op.execute(rule)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index('ix_vital_signs_patient', table_name='vital_signs')
    op.drop_table('vital_signs')
    op.drop_index('ix_note_conflicts_note', table_name='note_conflicts')
    op.drop_table('note_conflicts')
    op.drop_index('ix_addenda_note', table_name='addenda')
    op.drop_table('addenda')
    op.drop_index('ix_notes_practitioner_status', table_name='notes')
    op.drop_index('ix_notes_patient', table_name='notes')
    op.drop_table('notes')
    op.drop_table('intake_sections')
    op.drop_index('ix_appointment_events_appointment', table_name='appointment_events')
    op.drop_table('appointment_events')
    op.drop_index('ix_allocations_unit_until', table_name='allocations', postgresql_where=sa.text('active'))
    op.drop_index('ix_allocations_hold', table_name='allocations', postgresql_where=sa.text('hold_id IS NOT NULL'))
    op.drop_index('ix_allocations_appointment', table_name='allocations')
    op.drop_table('allocations')
    op.drop_index('ix_working_hours_resource_weekday', table_name='working_hours')
    op.drop_table('working_hours')
    op.drop_index('ix_time_off_resource_during', table_name='time_off')
    op.drop_table('time_off')
    op.drop_table('resource_units')
    op.drop_index('ix_patient_words_patient', table_name='patient_words')
    op.drop_table('patient_words')
    op.drop_table('patient_identifiers')
    op.drop_index('ix_intake_links_patient', table_name='intake_links')
    op.drop_table('intake_links')
    op.drop_index('uq_guardianships_active', table_name='guardianships', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_guardianships_patient', table_name='guardianships')
    op.drop_table('guardianships')
    op.drop_index('uq_care_relationships_active', table_name='care_relationships', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_care_relationships_practitioner', table_name='care_relationships')
    op.drop_table('care_relationships')
    op.drop_index('ix_appointments_practitioner_start', table_name='appointments')
    op.drop_index('ix_appointments_patient_start', table_name='appointments')
    op.drop_index('ix_appointments_facility_start', table_name='appointments')
    op.drop_table('appointments')
    op.drop_index('ix_allergies_patient', table_name='allergies')
    op.drop_table('allergies')
    op.drop_table('services')
    op.drop_table('role_grants')
    op.drop_index('ix_resources_facility_kind', table_name='resources')
    op.drop_table('resources')
    op.drop_table('practitioner_identifiers')
    op.drop_index('ix_patients_search_name', table_name='patients')
    op.drop_index('ix_patients_mobile_reversed', table_name='patients')
    op.drop_index('ix_patients_mobile', table_name='patients')
    op.drop_index('ix_patients_email', table_name='patients')
    op.drop_index('ix_patients_created', table_name='patients')
    op.drop_index('ix_patients_birth_date', table_name='patients')
    op.drop_table('patients')
    op.drop_table('affiliations')
    op.drop_index('ix_practitioners_search_name', table_name='practitioners')
    op.drop_table('practitioners')
    op.drop_index('ix_messages_subject', table_name='messages')
    op.drop_index('ix_messages_sending', table_name='messages', postgresql_where=sa.text("status = 'sending'"))
    op.drop_index('ix_messages_provider', table_name='messages', postgresql_where=sa.text('provider_id IS NOT NULL'))
    op.drop_index('ix_messages_facility_created', table_name='messages')
    op.drop_index('ix_messages_due', table_name='messages', postgresql_where=sa.text("status = 'queued'"))
    op.drop_table('messages')
    op.drop_index('ix_login_sessions_user_open', table_name='login_sessions', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_table('login_sessions')
    op.drop_index('ix_holds_expires', table_name='holds')
    op.drop_table('holds')
    op.drop_table('facilities')
    op.drop_index('ix_audit_events_patient_at', table_name='audit_events')
    op.drop_index('ix_audit_events_actor_at', table_name='audit_events')
    op.drop_table('audit_events')
    op.drop_table('account_links')
    op.drop_table('users')
    op.drop_index('ix_sign_in_attempts_origin_at', table_name='sign_in_attempts')
    op.drop_index('ix_sign_in_attempts_identifier_at', table_name='sign_in_attempts')
    op.drop_table('sign_in_attempts')
    op.drop_index('ix_one_time_codes_origin_created', table_name='one_time_codes')
    op.drop_index('ix_one_time_codes_mobile_created', table_name='one_time_codes')
    op.drop_index('ix_one_time_codes_created', table_name='one_time_codes')
    op.drop_table('one_time_codes')
    op.drop_table('note_templates')
    op.drop_table('console_messages')
    op.drop_table('clinic_groups')
    op.execute("DROP SEQUENCE patients_mrn_seq")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
