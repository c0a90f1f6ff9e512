"""Alarms"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('alarms',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.String(length=80), nullable=False),
    sa.Column('open_key', sa.String(length=120), nullable=True),
    sa.Column('camera_id', sa.String(length=64), nullable=True),
    sa.Column('worker_id', sa.String(length=64), nullable=True),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('figures', JSON_VALUE, nullable=False),
    sa.Column('opened_at', WHEN, nullable=False),
    sa.Column('seen_at', WHEN, nullable=False),
    sa.Column('closed_at', WHEN, nullable=True),
    sa.Column('acknowledged_at', WHEN, nullable=True),
    sa.Column('acknowledged_by', sa.String(length=120), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarms')),
    sa.UniqueConstraint('open_key', name=op.f('uq_alarms_open_key'))
    )
    op.create_index(op.f('ix_alarms_camera_id'), 'alarms', ['camera_id'])


def downgrade() -> None:
    op.drop_index(op.f('ix_alarms_camera_id'), table_name='alarms')
    op.drop_table('alarms')
