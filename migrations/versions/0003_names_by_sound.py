"""Names are found by how they sound: the sound of a name, and its words beside the written ones.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# '~' is no letter of a folded name, so that a word as it is heard never begins one as it is written.
WORDS = """
CREATE OR REPLACE FUNCTION patients_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    words text[] := ARRAY(
        SELECT left(word, 200) FROM unnest(string_to_array(NEW.search_name, ' ')) AS word WHERE word <> ''
        UNION
        SELECT '~' || left(word, 200) FROM unnest(string_to_array(NEW.search_sound, ' ')) AS word
        WHERE word <> ''
    );
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM patient_words WHERE patient_id = NEW.id AND word <> ALL (words);
    END IF;
    INSERT INTO patient_words (word, patient_id) SELECT unnest(words), NEW.id ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
WORDS_BEFORE = """
CREATE OR REPLACE FUNCTION patients_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM patient_words WHERE patient_id = NEW.id;
    END IF;
    INSERT INTO patient_words (word, patient_id)
    SELECT DISTINCT left(word, 200), NEW.id
    FROM unnest(string_to_array(NEW.search_name, ' ')) AS word WHERE word <> ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("patients", sa.Column("search_sound", sa.Text(collation="C"), nullable=True))
    op.create_index(
        "ix_patients_sound_missing", "patients", ["id"], postgresql_where=sa.text("search_sound IS NULL")
    )
    op.execute(WORDS)
    op.execute("DROP TRIGGER patients_words_update ON patients")
    op.execute(
        "CREATE TRIGGER patients_words_update AFTER UPDATE OF search_name, search_sound ON patients"
        " FOR EACH ROW WHEN (OLD.search_name IS DISTINCT FROM NEW.search_name"
        " OR OLD.search_sound IS DISTINCT FROM NEW.search_sound) EXECUTE FUNCTION patients_words()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER patients_words_update ON patients")
    op.execute(
        "CREATE TRIGGER patients_words_update AFTER UPDATE OF search_name ON patients FOR EACH ROW"
        " WHEN (OLD.search_name IS DISTINCT FROM NEW.search_name) EXECUTE FUNCTION patients_words()"
    )
    op.execute(WORDS_BEFORE)
    op.execute("DELETE FROM patient_words WHERE word >= '~' AND word < '~~'")
    op.drop_index("ix_patients_sound_missing", table_name="patients")
    op.drop_column("patients", "search_sound")
