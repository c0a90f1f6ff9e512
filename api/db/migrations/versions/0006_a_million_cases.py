"""Indices for a million cases, and the version of what workers are told"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WITH_UNIT = {name: sa.text('unit IS NOT NULL') for name in ('postgresql_where', 'sqlite_where')}
INDICES: tuple[tuple[str, str, list[str], dict[str, Any]], ...] = (
    ('ix_cases_kind_id', 'cases', ['kind', 'id'], {}),
    ('ix_cases_district_id', 'cases', ['district', 'id'], {}),
    ('ix_cases_penalty_state_id', 'cases', ['penalty_state', 'id'], {}),
    ('ix_cases_escalation_id', 'cases', ['escalation', 'id'], {}),
    ('ix_cases_unit_id', 'cases', ['unit', 'id'], WITH_UNIT),
    ('ix_packages_camera_id_received_at', 'packages', ['camera_id', 'received_at'], {}),
)
# What `api.worker.service.config` reads.
WATCHED = ('cameras', 'zone_versions', 'office_data')
VERBS = ('INSERT', 'UPDATE', 'DELETE')
RISE = "UPDATE config_versions SET version = version + 1 WHERE name = 'workers'"
# Every case is written several times in its life; the default cleans up after a fifth of the table has changed.
BUSY_TABLES = ('cases', 'case_counts', 'camera_health', 'worker_heartbeats')


def upgrade() -> None:
    for name, table, columns, options in INDICES:
        op.create_index(name, table, columns, **options)
    op.drop_index('ix_packages_camera_id', table_name='packages')
    op.create_table('config_versions',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('version', BIG_ID, nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_config_versions'))
    )
    op.execute("INSERT INTO config_versions (name, version) VALUES ('workers', 1)")
    if op.get_bind().dialect.name == 'sqlite':
        watch_sqlite()
    else:
        watch_postgres()


def watch_sqlite() -> None:
    for table in WATCHED:
        for verb in VERBS:
            op.execute(f"CREATE TRIGGER config_{table}_{verb.lower()} AFTER {verb} ON {table} BEGIN {RISE}; END")


def watch_postgres() -> None:
    op.execute("CREATE FUNCTION config_rises() RETURNS trigger LANGUAGE plpgsql AS "
               f"$$ BEGIN {RISE}; RETURN NULL; END $$")
    for table in WATCHED:
        op.execute(f"CREATE TRIGGER config_{table} AFTER {' OR '.join(VERBS)} ON {table} "
                   "FOR EACH STATEMENT EXECUTE FUNCTION config_rises()")
    for table in BUSY_TABLES:
        op.execute(f"ALTER TABLE {table} SET "
                   "(autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01)")


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        for table in WATCHED:
            for verb in VERBS:
                op.execute(f"DROP TRIGGER config_{table}_{verb.lower()}")
    else:
        for table in WATCHED:
            op.execute(f"DROP TRIGGER config_{table} ON {table}")
        op.execute("DROP FUNCTION config_rises()")
        for table in BUSY_TABLES:
            op.execute(f"ALTER TABLE {table} RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor)")
    op.drop_table('config_versions')
    op.create_index('ix_packages_camera_id', 'packages', ['camera_id'])
    for name, table, _columns, _options in reversed(INDICES):
        op.drop_index(name, table_name=table)
