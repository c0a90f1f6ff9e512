"""The first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE_APPEND_ONLY = """
CREATE TRIGGER audit_log_no_{verb} BEFORE {verb} ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
POSTGRES_REFUSE = """
CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
"""
POSTGRES_APPEND_ONLY = """
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()
"""


def make_audit_log_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_APPEND_ONLY.format(verb=verb))
        return
    op.execute(POSTGRES_REFUSE)
    op.execute(POSTGRES_APPEND_ONLY)


def create_audit_head() -> None:
    op.create_table('audit_head',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('sequence', BIG_ID, nullable=False),
    sa.Column('entry_hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_head'))
    )


def create_audit_log() -> None:
    op.create_table('audit_log',
    sa.Column('sequence', BIG_ID, autoincrement=False, nullable=False),
    sa.Column('at', WHEN, nullable=False),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('action', sa.String(length=64), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('before', JSON_VALUE, nullable=True),
    sa.Column('after', JSON_VALUE, nullable=True),
    sa.Column('previous_hash', sa.String(length=64), nullable=False),
    sa.Column('entry_hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('sequence', name=op.f('pk_audit_log'))
    )
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_log_subject'), ['subject'], unique=False)


def create_camera_health() -> None:
    op.create_table('camera_health',
    sa.Column('camera_id', sa.String(length=64), nullable=False),
    sa.Column('worker_id', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('body', JSON_VALUE, nullable=False),
    sa.Column('received_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('camera_id', name=op.f('pk_camera_health'))
    )


def create_cameras() -> None:
    op.create_table('cameras',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('url_encrypted', sa.LargeBinary(), nullable=False),
    sa.Column('url_shown', sa.Text(), nullable=False),
    sa.Column('transport', sa.String(length=8), nullable=False),
    sa.Column('device_number', sa.String(length=64), nullable=True),
    sa.Column('timezone', sa.String(length=64), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', WHEN, nullable=False),
    sa.Column('updated_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cameras'))
    )


def create_cases() -> None:
    op.create_table('cases',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('incident_id', sa.String(length=64), nullable=False),
    sa.Column('camera_id', sa.String(length=64), nullable=False),
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('zone_version', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('grade', sa.String(length=16), nullable=False),
    sa.Column('grade_reasons', JSON_VALUE, nullable=False),
    sa.Column('started_at', WHEN, nullable=True),
    sa.Column('created_at', WHEN, nullable=False),
    sa.Column('decided_at', WHEN, nullable=True),
    sa.Column('decided_by', sa.String(length=120), nullable=True),
    sa.Column('decision_reason', sa.String(length=64), nullable=True),
    sa.CheckConstraint('version > 0', name=op.f('ck_cases_version_positive')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cases')),
    sa.UniqueConstraint('incident_id', name=op.f('uq_cases_incident_id'))
    )
    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.create_index('ix_cases_camera_id_id', ['camera_id', 'id'], unique=False)
        batch_op.create_index('ix_cases_kind_state_id', ['kind', 'state', 'id'], unique=False)
        batch_op.create_index('ix_cases_state_id', ['state', 'id'], unique=False)


def create_incidents() -> None:
    op.create_table('incidents',
    sa.Column('incident_id', sa.String(length=64), nullable=False),
    sa.Column('camera_id', sa.String(length=64), nullable=False),
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('zone_version', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('started_at', WHEN, nullable=True),
    sa.Column('confirmed_at', WHEN, nullable=True),
    sa.Column('ended_at', WHEN, nullable=True),
    sa.Column('score', sa.Float(), nullable=True),
    sa.Column('box_xyxy', JSON_VALUE, nullable=True),
    sa.Column('frame_size_wh', JSON_VALUE, nullable=True),
    sa.Column('grade', sa.String(length=16), nullable=True),
    sa.Column('reasons', JSON_VALUE, nullable=False),
    sa.Column('updated_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('incident_id', name=op.f('pk_incidents'))
    )
    with op.batch_alter_table('incidents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_incidents_camera_id'), ['camera_id'], unique=False)


def create_quarantined_packages() -> None:
    op.create_table('quarantined_packages',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('package_id', sa.String(length=64), nullable=False),
    sa.Column('upload_sha256', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('problems', JSON_VALUE, nullable=False),
    sa.Column('folder', sa.String(length=80), nullable=False),
    sa.Column('sent_by', sa.String(length=120), nullable=False),
    sa.Column('received_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quarantined_packages')),
    sa.UniqueConstraint('package_id', 'upload_sha256', name=op.f('uq_quarantined_packages_package_id_upload_sha256'))
    )


def create_sign_in_attempts() -> None:
    op.create_table('sign_in_attempts',
    sa.Column('name_hash', sa.String(length=64), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_at', WHEN, nullable=False),
    sa.Column('locked_until', WHEN, nullable=True),
    sa.PrimaryKeyConstraint('name_hash', name=op.f('pk_sign_in_attempts'))
    )
    with op.batch_alter_table('sign_in_attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_attempts_last_at'), ['last_at'], unique=False)


def create_signing_keys() -> None:
    op.create_table('signing_keys',
    sa.Column('key_id', sa.String(length=128), nullable=False),
    sa.Column('entry', JSON_VALUE, nullable=False),
    sa.Column('registered_by', sa.String(length=120), nullable=False),
    sa.Column('created_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('key_id', name=op.f('pk_signing_keys'))
    )


def create_tokens() -> None:
    op.create_table('tokens',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', WHEN, nullable=False),
    sa.Column('last_used_at', WHEN, nullable=True),
    sa.Column('revoked_at', WHEN, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_tokens_token_hash'))
    )


def create_users() -> None:
    op.create_table('users',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('username', sa.String(length=64), nullable=False),
    sa.Column('display_name', sa.String(length=120), nullable=False),
    sa.Column('roles', JSON_VALUE, nullable=False),
    sa.Column('password_hash', sa.String(length=255), nullable=False),
    sa.Column('password_is_temporary', sa.Boolean(), nullable=False),
    sa.Column('created_at', WHEN, nullable=False),
    sa.Column('disabled_at', WHEN, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('username', name=op.f('uq_users_username'))
    )


def create_worker_heartbeats() -> None:
    op.create_table('worker_heartbeats',
    sa.Column('worker_id', sa.String(length=64), nullable=False),
    sa.Column('software', sa.String(length=120), nullable=False),
    sa.Column('body', JSON_VALUE, nullable=False),
    sa.Column('received_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('worker_id', name=op.f('pk_worker_heartbeats'))
    )


def create_case_transitions() -> None:
    op.create_table('case_transitions',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('case_id', BIG_ID, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(length=32), nullable=False),
    sa.Column('from_state', sa.String(length=32), nullable=True),
    sa.Column('to_state', sa.String(length=32), nullable=False),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('reason', sa.String(length=64), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('at', WHEN, nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_transitions_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_transitions')),
    sa.UniqueConstraint('case_id', 'version', name=op.f('uq_case_transitions_case_id_version'))
    )


def create_packages() -> None:
    op.create_table('packages',
    sa.Column('package_id', sa.String(length=64), nullable=False),
    sa.Column('case_id', BIG_ID, nullable=False),
    sa.Column('incident_id', sa.String(length=64), nullable=False),
    sa.Column('camera_id', sa.String(length=64), nullable=False),
    sa.Column('sequence', BIG_ID, nullable=True),
    sa.Column('key_id', sa.String(length=128), nullable=False),
    sa.Column('manifest_sha256', sa.String(length=64), nullable=False),
    sa.Column('manifest', JSON_VALUE, nullable=False),
    sa.Column('received_at', WHEN, nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_packages_case_id')),
    sa.PrimaryKeyConstraint('package_id', name=op.f('pk_packages'))
    )
    with op.batch_alter_table('packages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_packages_camera_id'), ['camera_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_packages_case_id'), ['case_id'], unique=False)


def create_sessions() -> None:
    op.create_table('sessions',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', BIG_ID, nullable=False),
    sa.Column('csrf_token', sa.String(length=64), nullable=False),
    sa.Column('created_at', WHEN, nullable=False),
    sa.Column('last_seen_at', WHEN, nullable=False),
    sa.Column('expires_at', WHEN, nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_sessions_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_sessions'))
    )
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sessions_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_sessions_user_id'), ['user_id'], unique=False)


def create_zone_versions() -> None:
    op.create_table('zone_versions',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('camera_id', sa.String(length=64), nullable=False),
    sa.Column('zone_id', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('zone_class', sa.String(length=32), nullable=False),
    sa.Column('polygon', JSON_VALUE, nullable=False),
    sa.Column('rules', JSON_VALUE, nullable=False),
    sa.Column('retired', sa.Boolean(), nullable=False),
    sa.Column('author', sa.String(length=120), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('created_at', WHEN, nullable=False),
    sa.ForeignKeyConstraint(['camera_id'], ['cameras.id'], name=op.f('fk_zone_versions_camera_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_zone_versions')),
    sa.UniqueConstraint('camera_id', 'zone_id', 'version', name=op.f('uq_zone_versions_camera_id_zone_id_version'))
    )


def create_package_files() -> None:
    op.create_table('package_files',
    sa.Column('package_id', sa.String(length=64), nullable=False),
    sa.Column('path', sa.String(length=255), nullable=False),
    sa.Column('media_type', sa.String(length=80), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('size_bytes', BIG_ID, nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['package_id'], ['packages.package_id'], name=op.f('fk_package_files_package_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('package_id', 'path', name=op.f('pk_package_files'))
    )


def upgrade() -> None:
    create_audit_head()
    create_audit_log()
    create_camera_health()
    create_cameras()
    create_cases()
    create_incidents()
    create_quarantined_packages()
    create_sign_in_attempts()
    create_signing_keys()
    create_tokens()
    create_users()
    create_worker_heartbeats()
    create_case_transitions()
    create_packages()
    create_sessions()
    create_zone_versions()
    create_package_files()
    op.execute(f"INSERT INTO audit_head (id, sequence, entry_hash) VALUES (1, 0, '{'0' * 64}')")
    make_audit_log_append_only()


def downgrade() -> None:
    op.drop_table('package_files')
    op.drop_table('zone_versions')
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sessions_user_id'))
        batch_op.drop_index(batch_op.f('ix_sessions_expires_at'))

    op.drop_table('sessions')
    with op.batch_alter_table('packages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_packages_case_id'))
        batch_op.drop_index(batch_op.f('ix_packages_camera_id'))

    op.drop_table('packages')
    op.drop_table('case_transitions')
    op.drop_table('worker_heartbeats')
    op.drop_table('users')
    op.drop_table('tokens')
    op.drop_table('signing_keys')
    with op.batch_alter_table('sign_in_attempts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_attempts_last_at'))

    op.drop_table('sign_in_attempts')
    op.drop_table('quarantined_packages')
    with op.batch_alter_table('incidents', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_incidents_camera_id'))

    op.drop_table('incidents')
    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.drop_index('ix_cases_state_id')
        batch_op.drop_index('ix_cases_kind_state_id')
        batch_op.drop_index('ix_cases_camera_id_id')

    op.drop_table('cases')
    op.drop_table('cameras')
    op.drop_table('camera_health')
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_log_subject'))

    op.drop_table('audit_log')
    op.drop_table('audit_head')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_refuse()")
