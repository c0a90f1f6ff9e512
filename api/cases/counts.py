"""How many cases are in each state, kept beside the cases: counting a million rows is too slow for a page."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.lifecycle import CaseState
from api.db.models import Camera, CaseCount
from api.db.upsert import dialect_insert
from api.office import Office
from api.scope import cameras_of


def shift(session: Session, camera_id: str, source: str | None, target: str) -> None:
    """Note that a case of this camera went from one state to another; None: it is new.

    After `audit.service.record` in the same transaction: the rows are then never waited for in two orders.
    """
    if source == target:
        return
    changes = {source: -1, target: 1}
    rows = [
        {"camera_id": camera_id, "state": state, "cases": change}
        for state, change in changes.items()
        if state is not None
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
