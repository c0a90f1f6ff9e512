"""Where cameras stand, and counting cases by place and hour"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('latitude', 'longitude'):
        op.add_column('cameras', sa.Column(name, sa.Float(), nullable=True))
    op.create_index('ix_cases_camera_id_state_kind_started_at', 'cases', ['camera_id', 'state', 'kind', 'started_at'])
    # The wider one answers what the narrow one did.
    op.create_index('ix_cases_started_at_kind_state_camera_id', 'cases', ['started_at', 'kind', 'state', 'camera_id'])
    op.drop_index('ix_cases_started_at', table_name='cases')


def downgrade() -> None:
    op.create_index('ix_cases_started_at', 'cases', ['started_at'])
    op.drop_index('ix_cases_started_at_kind_state_camera_id', table_name='cases')
    op.drop_index('ix_cases_camera_id_state_kind_started_at', table_name='cases')
    for name in ('longitude', 'latitude'):
        op.drop_column('cameras', name)
