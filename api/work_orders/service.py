"""Receiving work orders, making them of cases, and linking them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

import rfc8785
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases import service as cases
from api.cases.deciding import take_step
from api.cases.lifecycle import CaseState
from api.cases.schemas import Action, DecisionIn
from api.codes.service import holding
from api.db.models import Camera, Case, WorkOrder
from api.db.upsert import insert_if_missing
from api.errors import ConflictError, NotFoundError
from api.numbers import take_number
from api.office import Office
from api.office_data.service import read
from api.scope import sees
from api.work_orders.follow import catch_up
from api.work_orders.moving import Word, known_word, label, move, say, tell
from api.work_orders.schemas import LinkIn, OurWord, ReceivedOrder, SentOrder, TheirWord
from api.work_orders.states import Direction, OrderState
from api.worktime.calendar import WorkCalendar
from evidence.derivatives.words import kind_name

# A person has confirmed it and the office still works on it.
SENDABLE = frozenset({CaseState.FILED, CaseState.DISPATCHED})


def receive(office: Office, who: Principal, source: str, number: str, told: ReceivedOrder) -> tuple[WorkOrder, bool]:
    """Take an order over; True when it is new. The same once more changes nothing, other content is a conflict."""
    now = office.now()
    digest = hashlib.sha256(rfc8785.dumps(told.model_dump(mode="json", exclude_none=True))).hexdigest()
    place = {"direction": Direction.RECEIVED.value, "source": source, "number": number}
    with office.database.writing() as session:
        fresh = insert_if_missing(session, WorkOrder, _values(office, who, told, digest, now) | place)
        order = session.scalars(select(WorkOrder).filter_by(**place)).one()
        if not fresh:
            if order.body_sha256 != digest:
                raise ConflictError(f"Order {label(order)} is known with other content: say changes as updates.")
            return order, False
        say(session, who, order, Word("received", OrderState.WAITING, None, ours=False), now)
        tell(session, who, order, now, "received")
    return order, True


def _values(office: Office, who: Principal, told: ReceivedOrder, digest: str, now: datetime) -> dict[str, object]:
    reporter = told.reporter.model_dump_json() if told.reporter else None
    return {
        **told.model_dump(exclude={"reporter", "district", "urgency"}),
        "district": told.district or "",
        "urgency": told.urgency.value,
        "reporter_encrypted": office.cipher.encrypt(reporter) if reporter else None,
        "their_number": None,
        "case_id": None,
        "state": OrderState.WAITING.value,
        "version": 1,
        "unit": "",
        "result": None,
        "body_sha256": digest,
        "created_by": who.name,
        "created_at": now,
        "ended_at": None,
    }


def send(office: Office, who: Principal, told: SentOrder) -> WorkOrder:
    """Make an order of a filed case and put it into the outbox; the case is dispatched with it.

    Raises `NotFoundError` for an unknown case, `ConflictError` when it is not filed or such an order is open already.
    """
    now = office.now()
    with office.database.writing() as session:
        case = cases.visible(session, who, told.case_id)
        session.refresh(case, with_for_update=True)
        if case.state not in SENDABLE:
            raise ConflictError(f"Case {case.id} is {case.state}: only a filed case is handed on.")
        _refuse_second(session, case, told.target)
        order = _made_of(office, session, who, case, told, now)
        session.add(order)
        session.flush()
        if case.state == CaseState.FILED:
            step = DecisionIn(action=Action("dispatch"), version=case.version, unit=told.unit, document=label(order))
            take_step(office, session, who, case.id, step)
        order.due_at = told.due_at or case.due_at
        say(session, who, order, Word("sent", OrderState.WAITING, None, ours=True), now)
        tell(session, who, order, now, "sent")
    return order


def _refuse_second(session: Session, case: Case, target: str) -> None:
    open_ones = WorkOrder.ended_at.is_(None), WorkOrder.direction == Direction.SENT.value
    wanted = select(WorkOrder).where(WorkOrder.case_id == case.id, WorkOrder.source == target, *open_ones)
    if (standing := session.scalars(wanted).first()) is not None:
        raise ConflictError(f"Case {case.id} is with {label(standing)} already, which is {standing.state}.")


def _made_of(office: Office, session: Session, who: Principal, case: Case, told: SentOrder, now: datetime) -> WorkOrder:
    camera = session.get(Camera, case.camera_id)
    year = now.astimezone(ZoneInfo(read(session, WorkCalendar).value.timezone)).year
    number = take_number(session, f"work_order:{told.target}", year)
    return WorkOrder(
        direction=Direction.SENT.value,
        source=told.target,
        number=f"SW{year}-{number:06}",
        their_number=None,
        case_id=case.id,
        state=OrderState.WAITING.value,
        version=1,
        title=told.title or f"{_matter(session, case)} #{case.id}",
        content=told.content,
        address=f"{camera.name if camera else case.camera_id} · {case.spot or case.zone_id}"[:200],
        district=case.district,
        code=case.code,
        urgency=told.urgency.value,
        unit=told.unit,
        reporter_encrypted=None,
        accepted_at=None,
        due_at=None,
        result=None,
        body_sha256="",
        created_by=who.name,
        created_at=now,
        ended_at=None,
    )


def _matter(session: Session, case: Case) -> str:
    """What the platforms of other offices call it: by the tables, or by its kind where they say nothing."""
    found = holding(session, (case.started_at or case.created_at).date(), case.kind)
    return next((each.name_zh for each in found if each.code == case.code), kind_name(case.kind, "zh"))


def visible(who: Principal) -> ColumnElement[bool]:
    """The orders that this one may see, of `WorkOrder` joined with its `Case` where there is one."""
    if not who.limited:
        return true()
    districts, cameras = sorted(who.districts), sorted(who.camera_ids)
    return WorkOrder.district.in_(districts) | Case.district.in_(districts) | Case.camera_id.in_(cameras)


def find_one(session: Session, who: Principal, order_id: int, *, lock: bool = False) -> WorkOrder:
    """One order within this one's limits; raise `NotFoundError`."""
    wanted = select(WorkOrder).outerjoin(Case, Case.id == WorkOrder.case_id)
    order = session.scalars(wanted.where(WorkOrder.id == order_id, visible(who))).one_or_none()
    if order is None:
        raise NotFoundError(f"There is no work order {order_id}.")
    if lock:
        session.refresh(order, with_for_update=True)
    return order


def find_theirs(session: Session, direction: Direction, source: str, number: str, *, lock: bool = False) -> WorkOrder:
    """An order by the numbers that both sides know; raise `NotFoundError`."""
    order = session.scalars(
        select(WorkOrder).filter_by(direction=direction.value, source=source, number=number)
    ).one_or_none()
    if order is None:
        raise NotFoundError(f"There is no {direction} work order {source} {number}.")
    if lock:
        session.refresh(order, with_for_update=True)
    return order


def hear(
    office: Office, who: Principal, place: tuple[Direction, str, str], update_id: str, told: TheirWord
) -> WorkOrder:
    """Take the other side's word. The same word once more changes nothing; another word of that id is a conflict."""
    now = office.now()
    with office.database.writing() as session:
        order = find_theirs(session, *place, lock=True)
        known = known_word(session, order, update_id)
        if known is not None:
            if (known.state, known.note, known.ours) != (told.state.value, told.note, False):
                raise ConflictError(f"Update {update_id} of order {label(order)} is known with other content.")
            return order
        if told.number is not None:
            order.their_number = told.number
        move(session, who, order, Word(update_id, told.state, told.note, ours=False), now)
    return order


def answer(office: Office, who: Principal, order_id: int, told: OurWord) -> WorkOrder:
    """Say our word; raise `ConflictError` when the order was changed meanwhile or the step is not ours."""
    now = office.now()
    with office.database.writing() as session:
        order = find_one(session, who, order_id, lock=True)
        _refuse_overtaken(order, told.version)
        move(session, who, order, Word(f"ours-{order.version}", told.state, told.note, ours=True), now)
    return order


def _refuse_overtaken(order: WorkOrder, version: int) -> None:
    if order.version != version:
        raise ConflictError(f"Order {label(order)} was changed meanwhile: it is now {order.state}.")


def link(office: Office, who: Principal, order_id: int, told: LinkIn) -> WorkOrder:
    """Say which case a received order is about; from then on the order follows that case."""
    now = office.now()
    with office.database.writing() as session:
        order = find_one(session, who, order_id, lock=True)
        _refuse_overtaken(order, told.version)
        if order.direction != Direction.RECEIVED:
            raise ConflictError(f"Order {label(order)} was made of case {order.case_id}: its link stays.")
        case = cases.visible(session, who, told.case_id) if told.case_id is not None else None
        if order.case_id is not None:
            _refuse_hidden(session, who, order.case_id)
        order.case_id, order.version = told.case_id, order.version + 1
        session.flush()
        tell(session, who, order, now, "linked")
        if case is not None:
            catch_up(session, order, case, now)
    return order


def _refuse_hidden(session: Session, who: Principal, case_id: int) -> None:
    """Whoever does not see a case does not take it away from an order."""
    case = session.get_one(Case, case_id)
    if not sees(who, case.camera_id, case.district):
        raise ConflictError("The order belongs to a case outside your limits.")
