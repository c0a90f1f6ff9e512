"""Reminders, work orders, cursors of the outbox, missed deadlines"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_number_series()
    create_outbox_cursors()
    create_case_overdues()
    create_reminders()
    create_work_orders()
    create_work_order_updates()
    op.create_index(op.f('ix_case_transitions_at'), 'case_transitions', ['at'])
    op.create_index('ix_cases_closed_at', 'cases', ['closed_at'], postgresql_where=sa.text('closed_at IS NOT NULL'))


def create_number_series() -> None:
    op.create_table('number_series',
    sa.Column('series', sa.String(length=160), nullable=False),
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('series', 'year', name=op.f('pk_number_series'))
    )


def create_outbox_cursors() -> None:
    op.create_table('outbox_cursors',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('cursor', BIG_ID, nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('next_try_at', WHEN, nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('updated_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_outbox_cursors'))
    )


def create_case_overdues() -> None:
    op.create_table('case_overdues',
    sa.Column('sequence', BIG_ID, autoincrement=False, nullable=False),
    sa.Column('case_id', BIG_ID, nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('unit', sa.String(length=120), nullable=False),
    sa.Column('at', WHEN, nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_overdues_case_id')),
    sa.PrimaryKeyConstraint('sequence', name=op.f('pk_case_overdues'))
    )
    op.create_index(op.f('ix_case_overdues_at'), 'case_overdues', ['at'])
    op.create_index(op.f('ix_case_overdues_case_id'), 'case_overdues', ['case_id'])


def create_reminders() -> None:
    op.create_table('reminders',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('issuer', sa.String(length=120), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('mark', sa.String(length=40), nullable=False),
    sa.Column('case_id', BIG_ID, nullable=False),
    sa.Column('kind', sa.String(length=64), nullable=False),
    sa.Column('district', sa.String(length=64), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('place_key', sa.String(length=140), nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('subject_ref', sa.String(length=64), nullable=True),
    sa.Column('subject_key', sa.String(length=120), nullable=False),
    sa.Column('demand', sa.Text(), nullable=False),
    sa.Column('hours', sa.Float(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('issued_by', sa.String(length=120), nullable=False),
    sa.Column('issued_at', WHEN, nullable=False),
    sa.Column('due_at', WHEN, nullable=False),
    sa.Column('served_by', sa.String(length=120), nullable=True),
    sa.Column('served_at', WHEN, nullable=True),
    sa.Column('served_how', sa.String(length=16), nullable=True),
    sa.Column('served_to', sa.String(length=120), nullable=True),
    sa.Column('checked_by', sa.String(length=120), nullable=True),
    sa.Column('checked_at', WHEN, nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('told_at', WHEN, nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_reminders_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminders')),
    sa.UniqueConstraint('issuer', 'year', 'number', name=op.f('uq_reminders_issuer_year_number'))
    )
    op.create_index(op.f('ix_reminders_case_id'), 'reminders', ['case_id'])
    op.create_index(op.f('ix_reminders_issued_at'), 'reminders', ['issued_at'])
    op.create_index('ix_reminders_place_key', 'reminders', ['place_key'])
    op.create_index('ix_reminders_state_due_at', 'reminders', ['state', 'due_at'])
    op.create_index('ix_reminders_subject_key', 'reminders', ['subject_key'])


def create_work_orders() -> None:
    op.create_table('work_orders',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('direction', sa.String(length=8), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('number', sa.String(length=64), nullable=False),
    sa.Column('their_number', sa.String(length=64), nullable=True),
    sa.Column('case_id', BIG_ID, nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('district', sa.String(length=64), nullable=False),
    sa.Column('code', sa.String(length=16), nullable=True),
    sa.Column('urgency', sa.String(length=16), nullable=False),
    sa.Column('unit', sa.String(length=120), nullable=False),
    sa.Column('reporter_encrypted', sa.LargeBinary(), nullable=True),
    sa.Column('accepted_at', WHEN, nullable=True),
    sa.Column('due_at', WHEN, nullable=True),
    sa.Column('result', sa.Text(), nullable=True),
    sa.Column('body_sha256', sa.String(length=64), nullable=False),
    sa.Column('created_by', sa.String(length=120), nullable=False),
    sa.Column('created_at', WHEN, nullable=False),
    sa.Column('ended_at', WHEN, nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_work_orders_case_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_work_orders')),
    sa.UniqueConstraint('direction', 'source', 'number', name=op.f('uq_work_orders_direction_source_number'))
    )
    op.create_index(op.f('ix_work_orders_case_id'), 'work_orders', ['case_id'])
    op.create_index(op.f('ix_work_orders_created_at'), 'work_orders', ['created_at'])
    op.create_index('ix_work_orders_state_id', 'work_orders', ['state', 'id'])


def create_work_order_updates() -> None:
    op.create_table('work_order_updates',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('order_id', BIG_ID, nullable=False),
    sa.Column('update_id', sa.String(length=64), nullable=False),
    sa.Column('ours', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('at', WHEN, nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['work_orders.id'], 
    name=op.f('fk_work_order_updates_order_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_work_order_updates')),
    sa.UniqueConstraint('order_id', 'update_id', name=op.f('uq_work_order_updates_order_id_update_id'))
    )


def downgrade() -> None:
    op.drop_index('ix_cases_closed_at', table_name='cases', postgresql_where=sa.text('closed_at IS NOT NULL'))
    op.drop_index(op.f('ix_case_transitions_at'), table_name='case_transitions')
    op.drop_table('work_order_updates')
    op.drop_index('ix_work_orders_state_id', table_name='work_orders')
    op.drop_index(op.f('ix_work_orders_created_at'), table_name='work_orders')
    op.drop_index(op.f('ix_work_orders_case_id'), table_name='work_orders')
    op.drop_table('work_orders')
    op.drop_index('ix_reminders_subject_key', table_name='reminders')
    op.drop_index('ix_reminders_state_due_at', table_name='reminders')
    op.drop_index('ix_reminders_place_key', table_name='reminders')
    op.drop_index(op.f('ix_reminders_issued_at'), table_name='reminders')
    op.drop_index(op.f('ix_reminders_case_id'), table_name='reminders')
    op.drop_table('reminders')
    op.drop_index(op.f('ix_case_overdues_case_id'), table_name='case_overdues')
    op.drop_index(op.f('ix_case_overdues_at'), table_name='case_overdues')
    op.drop_table('case_overdues')
    op.drop_table('outbox_cursors')
    op.drop_table('number_series')
