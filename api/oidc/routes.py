"""The two doors of signing in with a provider: out, and back in."""

from __future__ import annotations

import logging
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.access import Principal
from api.audit.service import Event, record
from api.deps import OfficeDep
from api.errors import ApiError, NotFoundError
from api.office import Office
from api.oidc.errors import Failure, OidcError
from api.oidc.flow import PATIENCE, OidcFlow, Return
from api.pages.render import first_page, page
from api.users.routes import address_of, set_cookie
from api.users.sessions import open_session

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
COOKIE = "streetwarden_oidc"
PATH = "/login/oidc"
STATUS = {Failure.UNREACHABLE: 502, Failure.ANSWER: 502, Failure.STATE: 400}
# The browser had begun a sign-in here. Whoever just calls the address must not be able to fill the log.
PROVEN = frozenset({Failure.DENIED, Failure.TOKEN, Failure.UNKNOWN, Failure.DISABLED, Failure.ROLE})
Text = Annotated[str | None, Query(max_length=4096)]
STRANGER = Principal(name="unknown", kind="anonymous", roles=frozenset())


def _flow(request: Request) -> OidcFlow:
    flow = request.app.state.oidc
    if flow is None:
        raise NotFoundError("Signing in with a provider is not set up here.")
    return cast("OidcFlow", flow)


@router.get(PATH)
def oidc_start(request: Request, office: OfficeDep) -> Response:
    """Send the browser to the provider."""
    flow = _flow(request)
    try:
        address, cookie = flow.begin()
    except OidcError as error:
        return _refused(request, office, error)
    response = RedirectResponse(address, status_code=303)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(PATIENCE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=office.settings.cookie_secure,
        path=PATH,
    )
    return response


@router.get(f"{PATH}/callback")
def oidc_callback(
    request: Request,
    office: OfficeDep,
    code: Text = None,
    state: Text = None,
    error: Text = None,
    iss: Text = None,
) -> Response:
    """Take the browser back; where it goes next is ours to say, whatever the address asks for."""
    flow = _flow(request)
    try:
        user = flow.finish(Return(code, state, error, iss), request.cookies.get(COOKIE))
        signed_in = open_session(office, user, office.now(), address_of(request))
    except OidcError as problem:
        return _refused(request, office, problem)
    except ApiError as problem:
        return page(request, "login.html", status_code=problem.status, problem="login.locked", username="")
    response: Response = RedirectResponse(first_page(signed_in.principal), status_code=303)
    set_cookie(office, response, signed_in)
    response.delete_cookie(COOKIE, path=PATH)
    return response


def _write_down(request: Request, office: Office, error: OidcError) -> None:
    facts = {"failure": error.failure.value, "address": address_of(request)}
    with office.database.writing() as session:
        event = Event("session.refused", "user:unknown", f"OpenID provider: {error.detail}"[:500], after=facts)
        record(session, STRANGER, office.now(), event)


def _refused(request: Request, office: Office, error: OidcError) -> Response:
    log.warning("sign-in with the provider: %s", error)
    if error.failure in PROVEN:
        _write_down(request, office, error)
    status = STATUS.get(error.failure, 401)
    response = page(
        request,
        "login.html",
        status_code=status,
        problem=f"login.oidc_{error.failure}",
        problem_hint=error.hint,
        username="",
    )
    response.delete_cookie(COOKIE, path=PATH)
    return response
