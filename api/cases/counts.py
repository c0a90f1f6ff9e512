"""How many cases are in each state, kept beside the cases: counting a million rows is too slow for a page."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.lifecycle import CaseState
from api.db.closing import COUNTS, say_last
from api.db.models import Camera, CaseCount
from api.db.upsert import dialect_insert
from api.office import Office
from api.scope import cameras_of


def shift(session: Session, camera_id: str, source: str | None, target: str) -> None:
    """Note that a case of this camera went from one state to another; None: it is new."""
    if source != target:
        say_last(session, COUNTS, _write, (camera_id, source, target))


def _write(session: Session, moves: list[tuple[str, str | None, str]]) -> None:
    changes: Counter[tuple[str, str]] = Counter()
    for camera_id, source, target in moves:
        changes[camera_id, target] += 1
        if source is not None:
            changes[camera_id, source] -= 1
    rows = [
        {"camera_id": camera_id, "state": state, "cases": change}
        for (camera_id, state), change in sorted(changes.items())
    ]
    insert = dialect_insert(session, CaseCount)
    added = CaseCount.cases + insert.excluded.cases
    statement = insert.values(rows).on_conflict_do_update(
        index_elements=[CaseCount.camera_id, CaseCount.state], set_={"cases": added}
    )
    session.execute(statement, execution_options={"synchronize_session": False})


def by_state(office: Office, who: Principal) -> dict[str, int]:
    """How many cases this one sees in each state, all states named."""
    statement = select(CaseCount.state, func.sum(CaseCount.cases)).group_by(CaseCount.state)
    if who.limited:
        statement = statement.join(Camera, Camera.id == CaseCount.camera_id).where(cameras_of(who))
    with office.database.glancing() as session:
        rows = session.execute(statement).all()
    return {state.value: 0 for state in CaseState} | {str(row[0]): int(row[1]) for row in rows}
