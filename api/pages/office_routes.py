"""The pages of the office's papers: reminders, work orders, the monthly report, other systems."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.access import ACCESS, Principal
from api.cases import service as cases
from api.deps import BigIdPath, BigIdQuery, OfficeDep, PrincipalDep
from api.errors import NotFoundError
from api.mqtt.routes import view as broker_view
from api.office import Office
from api.office_data.service import get as office_datum
from api.pages.render import page
from api.reminders import reading as reminders
from api.reminders.reading import ReminderFilter
from api.reminders.rules import ReminderRules
from api.reminders.schemas import OPEN, ReminderState
from api.reminders.schemas import Service as ServiceWay
from api.reminders.service import REMINDABLE
from api.reports import service as reports
from api.reports.routes import MonthText
from api.webhooks import service as webhooks
from api.work_orders import reading as orders
from api.work_orders.reading import OrderFilter
from api.work_orders.schemas import Urgency
from api.work_orders.service import SENDABLE
from api.work_orders.states import Direction, OrderState, find_step

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
ROWS = 100
COUNTED = 12
Key = Annotated[str, Query(max_length=140, pattern=r"^[^\x00-\x1f\x7f]*$")]


def may(who: Principal, operation: str) -> bool:
    """Whether a page offers this: nobody is shown a form that would be refused."""
    return who.has(*ACCESS[operation])


@router.get("/reminders")
def reminders_page(
    request: Request,
    office: OfficeDep,
    who: PrincipalDep,
    state: Annotated[str, Query(pattern="^(|due|issued|served|corrected|ignored|void)$")] = "",
    subject: Key = "",
    place: Key = "",
    case_id: BigIdQuery = None,
    before: BigIdQuery = None,
) -> Response:
    """All reminders, how often whom and where, and issuing one."""
    due = state == "due"
    wanted = ReminderFilter(None if due or not state else state, case_id, None, subject or None, place or None, due=due)
    rows = reminders.find(office, who, wanted, before, ROWS)
    counted = {by: reminders.counts(office, who, by, ReminderFilter(), COUNTED) for by in reminders.By}
    return page(
        request,
        "reminders.html",
        rows=rows,
        counted=counted,
        state=state,
        states=["due", *(each.value for each in ReminderState)],
        subject=subject,
        place=place,
        may_issue=may(who, "issue_reminder"),
        case_id=case_id,
        case=_case(office, who, case_id),
        remindable=REMINDABLE,
        rules=office_datum(office, ReminderRules).value,
        next_before=rows[-1].id if len(rows) == ROWS else None,
    )


def _case(office: Office, who: Principal, case_id: int | None) -> cases.QueueRow | None:
    """The case that a form is about, when there is such a one."""
    if not case_id:
        return None
    try:
        file = cases.get(office, who, case_id)
    except NotFoundError:
        return None
    return cases.QueueRow(file.case, file.camera_name)


@router.get("/reminders/{reminder_id}")
def reminder_page(request: Request, office: OfficeDep, who: PrincipalDep, reminder_id: BigIdPath) -> Response:
    """One reminder, what to do with it next, and its paper."""
    found = reminders.get(office, who, reminder_id)
    file = cases.get(office, who, found.case_id)
    return page(
        request,
        "reminder.html",
        row=found,
        case=file.case,
        may_serve=found.state == ReminderState.ISSUED and may(who, "serve_reminder"),
        may_check=found.state == ReminderState.SERVED and may(who, "check_reminder"),
        may_void=found.state in OPEN and may(who, "void_reminder"),
        ways=[way.value for way in ServiceWay],
    )


@router.get("/work-orders")
def orders_page(
    request: Request,
    office: OfficeDep,
    who: PrincipalDep,
    direction: Annotated[str, Query(pattern="^(|received|sent)$")] = "",
    state: Annotated[str, Query(pattern="^[a-z]*$", max_length=16)] = "",
    case_id: BigIdQuery = None,
    before: BigIdQuery = None,
) -> Response:
    """All work orders, and handing a case on."""
    rows = orders.find(office, who, OrderFilter(direction or None, state or None, None, case_id), before, ROWS)
    return page(
        request,
        "orders.html",
        rows=rows,
        direction=direction,
        directions=[each.value for each in Direction],
        state=state,
        states=[each.value for each in OrderState],
        urgencies=[each.value for each in Urgency],
        may_send=may(who, "send_work_order"),
        case_id=case_id,
        case=_case(office, who, case_id),
        sendable=SENDABLE,
        next_before=rows[-1].id if len(rows) == ROWS else None,
    )


@router.get("/work-orders/{order_id}")
def order_page(request: Request, office: OfficeDep, who: PrincipalDep, order_id: BigIdPath) -> Response:
    """One work order: what was said about it, and our next word."""
    found = orders.detail(office, who, order_id)
    steps = [step for target in found.next if (step := find_step(found.state, target)) is not None]
    return page(
        request,
        "order.html",
        row=found,
        steps=steps,
        may_answer=may(who, "answer_work_order") and bool(steps),
        may_link=may(who, "link_work_order") and found.direction == Direction.RECEIVED,
    )


@router.get("/report")
def report_page(request: Request, office: OfficeDep, who: PrincipalDep, month: MonthText = None) -> Response:
    """The monthly report in numbers and pictures."""
    chosen = reports.month_of(office, month)
    present = reports.month_of(office, None)
    return page(
        request,
        "report.html",
        report=reports.monthly(office, who, chosen),
        earlier=str(chosen.shifted(-1)),
        later=str(chosen.shifted(1)) if str(chosen) < str(present) else None,
    )


@router.get("/systems")
def systems_page(request: Request, office: OfficeDep) -> Response:
    """Who else is told, how far, and what stops it."""
    settings = office.settings
    return page(
        request,
        "systems.html",
        hooks=webhooks.list_all(office),
        broker=broker_view(office),
        issuer=settings.oidc_issuer,
        roles_claim=settings.oidc_roles_claim,
        roles=sorted(settings.oidc_roles.items()),
    )
