"""Which numbers the cases of a day have"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Bounds are written in blocks of so many numbers, so that most cases find their day as it should be.
BLOCK = 256
WIDER = ("INSERT INTO case_days (day, first_id, last_id) VALUES ({day}, {low}, {low} + {last})"
         " ON CONFLICT (day) DO UPDATE SET first_id = {least}(case_days.first_id, excluded.first_id),"
         " last_id = {greatest}(case_days.last_id, excluded.last_id)")
COVERED = "EXISTS (SELECT 1 FROM case_days WHERE day = {day} AND first_id <= NEW.id AND last_id >= NEW.id)"


def upgrade() -> None:
    op.create_table('case_days',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('first_id', BIG_ID, nullable=False),
    sa.Column('last_id', BIG_ID, nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_case_days'))
    )
    if op.get_bind().dialect.name == 'sqlite':
        watch_sqlite()
    else:
        watch_postgres()


def fill(day: str) -> None:
    op.execute(f"INSERT INTO case_days (day, first_id, last_id) SELECT {day}, min(id), max(id) FROM cases "
               f"WHERE started_at IS NOT NULL GROUP BY {day}")


def wider(day: str, least: str, greatest: str) -> str:
    return WIDER.format(day=day, low=f'NEW.id / {BLOCK} * {BLOCK}', last=BLOCK - 1, least=least, greatest=greatest)


def watch_sqlite() -> None:
    fill('date(started_at)')
    day = 'date(NEW.started_at)'
    for name, event in (('insert', 'INSERT'), ('update', 'UPDATE OF started_at')):
        op.execute(f"CREATE TRIGGER case_days_{name} AFTER {event} ON cases "
                   f"WHEN NEW.started_at IS NOT NULL AND NOT {COVERED.format(day=day)} "
                   f"BEGIN {wider(day, 'min', 'max')}; END")


def watch_postgres() -> None:
    day = "(NEW.started_at AT TIME ZONE 'UTC')::date"
    fill("(started_at AT TIME ZONE 'UTC')::date")
    op.execute("CREATE FUNCTION case_days_widen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               f"IF NEW.started_at IS NOT NULL AND NOT {COVERED.format(day=day)} THEN "
               f"{wider(day, 'LEAST', 'GREATEST')}; END IF; RETURN NULL; END $$")
    op.execute("CREATE TRIGGER case_days_widen AFTER INSERT OR UPDATE OF started_at ON cases "
               "FOR EACH ROW EXECUTE FUNCTION case_days_widen()")


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        for name in ('insert', 'update'):
            op.execute(f"DROP TRIGGER case_days_{name}")
    else:
        op.execute("DROP TRIGGER case_days_widen ON cases")
        op.execute("DROP FUNCTION case_days_widen()")
    op.drop_table('case_days')
