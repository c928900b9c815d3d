"""How migrations reach the database: as the owner of the tables, one at a time, no long wait for a lock.

The owner is whom MIGRATION_DATABASE_URL names; then the application's own role gets what it needs of the new
tables. Without it one role does both.
"""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, text

from clinic.core.roles import application_role, grant_to

settings = current_app.extensions["settings"]
owner_url = settings.migration_database_url
engine = create_engine(owner_url) if owner_url else current_app.extensions["migrate"].db.engine
metadata = current_app.extensions["migrate"].db.metadata

with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection, target_metadata=metadata, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
    role = application_role(settings)
    if role is not None:
        connection.rollback()
        with connection.begin():
            grant_to(connection, role)
if owner_url:
    engine.dispose()
