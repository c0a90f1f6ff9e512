"""What a worker knows of a camera, warning periods of zones, and packages that retention deleted"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from api.db.types import BigId, JsonValue, UtcDateTime

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

COLUMNS = {
    'cameras': (
        sa.Column('place', sa.Text(), nullable=True),
        sa.Column('direction', sa.Text(), nullable=True),
        sa.Column('privacy_masks', JsonValue, server_default='[]', nullable=False),
        sa.Column('onvif_url', sa.Text(), nullable=True),
    ),
    'zone_versions': (sa.Column('warning_only_until', sa.Date(), nullable=True),),
    'packages': (
        sa.Column('sealed_at_ns', BigId, server_default='0', nullable=False),
        sa.Column('deleted_at', UtcDateTime(), nullable=True),
        sa.Column('deleted_by_rule', sa.Text(), nullable=True),
    ),
}
SEALED_AT = {
    'sqlite': "CAST(json_extract(manifest, '$.sealed_at_ns') AS INTEGER)",
    'postgresql': "CAST(manifest ->> 'sealed_at_ns' AS BIGINT)",
}
HERE: dict[str, Any] = {name: sa.text('deleted_at IS NULL') for name in ('postgresql_where', 'sqlite_where')}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column._copy())
    op.execute(f"UPDATE packages SET sealed_at_ns = {SEALED_AT[op.get_bind().dialect.name]}")  # noqa: S608 - ours
    op.create_index('ix_packages_sealed_at_ns', 'packages', ['sealed_at_ns'], **HERE)


def downgrade() -> None:
    op.drop_index('ix_packages_sealed_at_ns', table_name='packages')
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)
