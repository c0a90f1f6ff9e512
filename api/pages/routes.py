"""The pages."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.access import MACHINES, PEOPLE
from api.audit import service as audit
from api.cases import service as cases
from api.cases.counts import by_state
from api.cases.lifecycle import CaseState
from api.cases.views import summary
from api.deps import LARGEST_ID, BigIdPath, BigIdQuery, OfficeDep, PrincipalDep
from api.errors import ApiError
from api.guard import identify
from api.kinds import KINDS
from api.packages.derivatives import DerivativeShop
from api.pages.audit_words import lines
from api.pages.queues import QueueName, review_setup
from api.pages.render import first_page, language_of, page
from api.text import ID_PATTERN, Secret
from api.users import service as users
from api.users import sessions
from api.users.passwords import MIN_LENGTH
from api.users.routes import address_of, set_cookie
from api.worker import service as workers

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
ROWS = 100


@router.get("/login")
def login_page(request: Request) -> Response:
    """Sign in."""
    if (who := identify(request)) is not None:
        return RedirectResponse(first_page(who), status_code=303)
    return page(request, "login.html", problem=None, username="")


@router.post("/login")
def login_form(
    request: Request, office: OfficeDep, username: Annotated[Secret, Form()], password: Annotated[Secret, Form()]
) -> Response:
    """Take the sign-in form."""
    try:
        signed_in = sessions.sign_in(office, username.strip(), password, address_of(request))
    except ApiError as error:
        key = "login.locked" if error.status == 429 else "login.wrong"
        return page(request, "login.html", status_code=error.status, problem=key, username=username)
    response = RedirectResponse(first_page(signed_in.principal), status_code=303)
    set_cookie(office, response, signed_in)
    return response


@router.get("/")
def home_page(who: PrincipalDep) -> Response:
    """Go to where this person works."""
    return RedirectResponse(first_page(who), status_code=303)


def _makes(request: Request) -> bool:
    """Whether this service makes derivatives."""
    return cast("DerivativeShop", request.app.state.shop).open


@router.get("/review")
def review_page(request: Request, who: PrincipalDep, queue: QueueName = QueueName.CANDIDATE) -> Response:
    """A queue, case after case."""
    return page(request, "review.html", case_id=None, **review_setup(who, queue, makes=_makes(request)))


@router.get("/cases/{case_id}")
def case_page(request: Request, office: OfficeDep, who: PrincipalDep, case_id: BigIdPath) -> Response:
    """One case."""
    cases.get(office, who, case_id)
    return page(
        request, "review.html", case_id=case_id, **review_setup(who, QueueName.CANDIDATE, makes=_makes(request))
    )


@router.get("/cases")
def cases_page(
    request: Request,
    office: OfficeDep,
    who: PrincipalDep,
    state: Annotated[str, Query(pattern="^[a-z]*$", max_length=32)] = "",
    kind: Annotated[str, Query(pattern="^[a-z_]*$", max_length=64)] = "",
    camera_id: Annotated[str, Query(pattern=rf"^({ID_PATTERN.pattern})?$")] = "",
    after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
) -> Response:
    """All cases, newest first, by state, kind and place."""
    wanted = cases.CaseFilter(state or None, kind or None, camera_id or None, after, newest_first=True, limit=ROWS)
    rows = [summary(row) for row in cases.find(office, wanted, who)]
    counts = by_state(office, who)
    return page(
        request,
        "cases.html",
        rows=rows,
        counts=counts,
        total=sum(counts.values()),
        states=[each.value for each in CaseState],
        kinds=list(KINDS),
        state=state,
        kind=kind,
        camera_id=camera_id,
        next_after=rows[-1].id if len(rows) == ROWS else None,
    )


@router.get("/health")
def health_page(request: Request, office: OfficeDep, who: PrincipalDep) -> Response:
    """The system at a glance."""
    return page(request, "health.html", report=workers.health(office, who))


@router.get("/people")
def people_page(request: Request, office: OfficeDep) -> Response:
    """People and machine tokens."""
    return page(
        request,
        "people.html",
        users=users.list_users(office),
        tokens=users.list_tokens(office),
        roles=sorted(PEOPLE),
        machine_roles=sorted(MACHINES, reverse=True),
    )


@router.get("/account")
def account_page(request: Request) -> Response:
    """One's own password."""
    return page(request, "account.html", shortest_password=MIN_LENGTH)


@router.get("/audit")
def audit_page(request: Request, office: OfficeDep, before: BigIdQuery = None) -> Response:
    """The audit log, newest first."""
    with office.database.reading() as session:
        rows = lines(language_of(request), audit.latest(session, before, None, ROWS))
    return page(request, "audit.html", rows=rows, next_before=rows[-1].sequence if len(rows) == ROWS else None)
