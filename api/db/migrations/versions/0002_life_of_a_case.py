"""The life of a case: two tables of steps, deadlines, locks, places; codes, the office's data, camera files, limits"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STILLS = ("panorama_confirmed", "panorama_first", "close_up")


def added_columns() -> dict[str, list[sa.Column[Any]]]:
    """Plain ALTER TABLE on both databases: SQLite's copy of a table would lose what refers to it."""
    return {
        'users': [
            sa.Column('districts', JSON_VALUE, server_default='[]', nullable=False),
            sa.Column('camera_ids', JSON_VALUE, server_default='[]', nullable=False),
            sa.Column('oidc_subject', sa.String(length=255), nullable=True),
            sa.Column('unit', sa.String(length=120), server_default='', nullable=False),
        ],
        'cameras': [
            sa.Column('district', sa.String(length=64), server_default='', nullable=False),
            sa.Column('file', JSON_VALUE, server_default='{}', nullable=False),
        ],
        'zone_versions': [sa.Column('spot', sa.String(length=64), nullable=True)],
        'case_transitions': [
            sa.Column('flow', sa.String(length=16), server_default='management', nullable=False),
            sa.Column('details', JSON_VALUE, server_default='{}', nullable=False),
        ],
        'packages': [sa.Column('part', sa.Integer(), server_default='1', nullable=False)],
        'cases': case_columns(),
    }


def case_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column('district', sa.String(length=64), server_default='', nullable=False),
        sa.Column('spot', sa.String(length=64), nullable=True),
        sa.Column('code', sa.String(length=16), nullable=True),
        sa.Column('penalty_state', sa.String(length=32), server_default='none', nullable=False),
        sa.Column('filed_at', WHEN, nullable=True),
        sa.Column('closed_at', WHEN, nullable=True),
        sa.Column('due_at', WHEN, nullable=True),
        sa.Column('penalty_due_at', WHEN, nullable=True),
        sa.Column('next_due_at', WHEN, nullable=True),
        sa.Column('alarm_at', WHEN, nullable=True),
        sa.Column('escalation', sa.String(length=16), server_default='none', nullable=False),
        sa.Column('unit', sa.String(length=120), nullable=True),
        sa.Column('assignee', sa.String(length=120), nullable=True),
        sa.Column('last_seen_at', WHEN, nullable=True),
        sa.Column('goes_on', sa.Boolean(), server_default='0', nullable=False),
        sa.Column('box', JSON_VALUE, nullable=True),
        sa.Column('still_package_id', sa.String(length=64), nullable=True),
        sa.Column('still_path', sa.String(length=255), nullable=True),
        sa.Column('packages_count', sa.Integer(), server_default='0', nullable=False),
        sa.Column('duplicate_of', BIG_ID, nullable=True),
        sa.Column('locked_by', sa.String(length=120), nullable=True),
        sa.Column('locked_until', WHEN, nullable=True),
        sa.Column('held_reason', sa.Text(), nullable=True),
    ]


INDICES: tuple[tuple[str, str, list[str], dict[str, Any]], ...] = (
    ('ix_cases_camera_id_zone_id_kind_last_seen_at', 'cases', ['camera_id', 'zone_id', 'kind', 'last_seen_at'], {}),
    ('ix_cases_district_state_id', 'cases', ['district', 'state', 'id'], {}),
    ('ix_cases_spot_kind_last_seen_at', 'cases', ['spot', 'kind', 'last_seen_at'], {}),
    ('ix_cases_started_at', 'cases', ['started_at'], {}),
    ('ix_cases_locked_by', 'cases', ['locked_by'], {'postgresql_where': sa.text('locked_by IS NOT NULL')}),
    ('ix_cases_alarm_at', 'cases', ['alarm_at'], {'postgresql_where': sa.text('alarm_at IS NOT NULL')}),
    ('ix_cameras_district', 'cameras', ['district'], {}),
    ('ix_users_oidc_subject', 'users', ['oidc_subject'], {'unique': True}),
    ('ix_case_incidents_case_id', 'case_incidents', ['case_id'], {}),
)


def create_tables() -> None:
    op.create_table('case_counts',
    sa.Column('camera_id', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('cases', BIG_ID, nullable=False),
    sa.PrimaryKeyConstraint('camera_id', 'state', name=op.f('pk_case_counts'))
    )
    op.create_table('office_data',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('value', JSON_VALUE, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_by', sa.String(length=120), nullable=False),
    sa.Column('changed_at', WHEN, nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_office_data'))
    )
    op.create_table('case_incidents',
    sa.Column('incident_id', sa.String(length=64), nullable=False),
    sa.Column('case_id', BIG_ID, nullable=False),
    sa.Column('camera_id', sa.String(length=64), nullable=False),
    sa.Column('why', sa.String(length=32), nullable=False),
    sa.Column('added_at', WHEN, nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_incidents_case_id')),
    sa.PrimaryKeyConstraint('incident_id', name=op.f('pk_case_incidents'))
    )


def create_codes() -> None:
    codes = op.create_table('matter_codes',
    sa.Column('id', BIG_ID, nullable=False),
    sa.Column('code', sa.String(length=16), nullable=False),
    sa.Column('standard_ref', sa.String(length=64), nullable=False),
    sa.Column('name_zh', sa.String(length=120), nullable=False),
    sa.Column('name_en', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=64), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('handling_hours', sa.Float(), nullable=True),
    sa.Column('filing_condition', sa.Text(), nullable=False),
    sa.Column('closing_condition', sa.Text(), nullable=False),
    sa.Column('unit', sa.String(length=120), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_matter_codes')),
    sa.UniqueConstraint('code', 'valid_from', name=op.f('uq_matter_codes_code_valid_from'))
    )
    op.bulk_insert(codes, [code_row(*each) for each in CODES])


# The standard replaced GB/T 30428.2-2013 on that day; read in secondary pages, so the source says it is to be checked.
CODES = (
    ('06010', '暴露垃圾', 'Exposed garbage', 'exposed_garbage'),
    ('06011', '积存垃圾渣土', 'Old heaps of garbage or muck', None),
    ('06012', '道路不洁', 'Dirty road', None),
    ('06014', '道路遗撒', 'Spilled load on the road', None),
    ('06034', '废弃车辆', 'Abandoned vehicle', 'abandoned_vehicle'),
    ('06042', '垃圾箱满溢', 'Overflowing bin', 'overflowing_bin'),
    ('08011', '渣土运输车辆未安装密闭装置', 'Muck truck without a cover', 'uncovered_muck_truck'),
    ('09001', '无照经营游商', 'Unlicensed street vending', 'street_vending'),
    ('09005', '店外经营', 'Trading outside the shop', None),
    ('09006', '占道经营', 'Trading on the road', None),
    ('09009', '机动车乱停放', 'Illegally parked motor vehicle', 'illegal_parking'),
    ('09010', '非机动车乱停放', 'Illegally parked cycle', None),
    ('09012', '占用消防通道', 'Blocked fire lane', None),
    ('09019', '占用无障碍通道', 'Blocked barrier-free passage', 'blocked_tactile_paving'),
)


def code_row(code: str, name_zh: str, name_en: str, kind: str | None) -> dict[str, object]:
    return {
        'code': code, 'standard_ref': 'GB/T 47678.5-2026', 'name_zh': name_zh, 'name_en': name_en, 'kind': kind,
        'valid_from': date(2026, 7, 1), 'valid_until': None, 'handling_hours': None, 'filing_condition': '',
        'closing_condition': '', 'unit': '', 'source': 'secondary source: check against the paid text of the standard',
    }


def upgrade() -> None:
    for table, columns in added_columns().items():
        for column in columns:
            op.add_column(table, column)
    create_tables()
    create_codes()
    for name, table, names, options in INDICES:
        op.create_index(name, table, names, **options)
    fill_cases()


def fill_cases() -> None:
    """Bring what older versions left to what lists need now: no list reads a manifest any more."""
    op.execute("INSERT INTO case_counts (camera_id, state, cases) "
               "SELECT camera_id, state, count(*) FROM cases GROUP BY camera_id, state")
    op.execute("UPDATE cases SET filed_at = decided_at WHERE state = 'filed'")
    op.execute("UPDATE cases SET packages_count = (SELECT count(*) FROM packages WHERE packages.case_id = cases.id)")
    connection = op.get_bind()
    packages = sa.table('packages', sa.column('package_id'), sa.column('case_id'), sa.column('manifest', JSON_VALUE),
                        sa.column('received_at', WHEN))
    newest_first = sa.select(packages.c.package_id, packages.c.case_id, packages.c.manifest).order_by(
        packages.c.received_at.desc(), packages.c.package_id)
    # In pieces, and read to the end before it is written to.
    ids = [row.package_id for row in connection.execute(newest_first)]
    for package_id in ids:
        row = connection.execute(newest_first.where(packages.c.package_id == package_id)).one()
        connection.execute(FILL, facts_of(row.package_id, row.case_id, row.manifest))


FILL = sa.text(
    "UPDATE cases SET still_package_id = :package, still_path = :path, box = :box, last_seen_at = :seen,"
    " goes_on = :goes_on WHERE id = :case"
).bindparams(sa.bindparam('box', type_=JSON_VALUE), sa.bindparam('seen', type_=WHEN),
             sa.bindparam('goes_on', type_=sa.Boolean()))


def facts_of(package_id: str, case_id: int, manifest: dict[str, Any]) -> dict[str, object]:
    by_purpose = {entry.get('purpose'): entry['path'] for entry in manifest.get('files', [])}
    path = next((by_purpose[purpose] for purpose in STILLS if purpose in by_purpose), None)
    times = manifest.get('times', {})
    last = times.get('ended') or times.get('confirmed')
    seen = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(last['at_ns']) // 1000) if last else None
    return {'package': package_id, 'path': path, 'box': manifest.get('subject', {}).get('box_xyxy'), 'seen': seen,
            'goes_on': times.get('ended') is None, 'case': case_id}


def downgrade() -> None:
    for name, table, _columns, _options in reversed(INDICES):
        op.drop_index(name, table_name=table)
    for table in ('matter_codes', 'case_incidents', 'office_data', 'case_counts'):
        op.drop_table(table)
    for table, columns in added_columns().items():
        for column in reversed(columns):
            op.drop_column(table, column.name)
