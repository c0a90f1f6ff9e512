"""Signing in, people and tokens over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.access import Principal
from api.cases.locks import release
from api.deps import BigIdPath, OfficeDep, PrincipalDep
from api.guard import COOKIE
from api.office import Office
from api.users import service, sessions
from api.users.schemas import (
    PasswordChange,
    SessionView,
    SignInBody,
    TokenCreated,
    TokenIn,
    TokenList,
    TokenView,
    UserCreated,
    UserIn,
    UserList,
    UserUpdate,
    UserView,
)

router = APIRouter(tags=["people"])


def set_cookie(office: Office, response: Response, signed_in: sessions.SignedIn) -> None:
    """Hand the session to the browser: not readable by scripts, not sent along from other sites."""
    response.set_cookie(
        COOKIE,
        signed_in.cookie,
        max_age=int(office.settings.session_hours * 3600),
        httponly=True,
        samesite="lax",
        secure=office.settings.cookie_secure,
        path="/",
    )


def address_of(request: Request) -> str:
    """From where somebody asks; wrong passwords are counted for a name and an address."""
    return request.client.host if request.client else ""


def _view(who: Principal) -> SessionView:
    return SessionView(
        name=who.name,
        display_name=who.display_name,
        kind=who.kind,
        roles=sorted(who.roles),
        csrf_token=who.csrf_token,
        password_is_temporary=who.password_is_temporary,
        districts=sorted(who.districts),
        camera_ids=sorted(who.camera_ids),
        unit=who.unit,
    )


@router.post("/session")
def sign_in(request: Request, office: OfficeDep, body: SignInBody, response: Response) -> SessionView:
    """Sign in: sets the session cookie. 401 for a wrong password, 429 after too many of them."""
    signed_in = sessions.sign_in(office, body.username, body.password, address_of(request))
    set_cookie(office, response, signed_in)
    return _view(signed_in.principal)


@router.get("/session")
def get_session(who: PrincipalDep) -> SessionView:
    """Who is asking."""
    return _view(who)


@router.delete("/session", status_code=204)
def sign_out(office: OfficeDep, who: PrincipalDep, response: Response) -> None:
    """Sign out: the session ends here, whatever the browser keeps."""
    sessions.close_session(office, who)
    release(office, who)
    response.delete_cookie(COOKIE, path="/")


@router.put("/session/password", status_code=204)
def change_password(office: OfficeDep, who: PrincipalDep, body: PasswordChange) -> None:
    """Change one's own password."""
    service.change_password(office, who, body.old_password, body.new_password)


@router.get("/users")
def list_users(office: OfficeDep) -> UserList:
    """All people."""
    return UserList(items=[UserView.model_validate(user) for user in service.list_users(office)])


@router.post("/users", status_code=201)
def create_user(office: OfficeDep, who: PrincipalDep, told: UserIn) -> UserCreated:
    """Add a person; a password that was made for them is shown once."""
    place = service.Place(told.districts, told.camera_ids, told.unit)
    user, made_up = service.create_user(
        office, who, told.username, told.roles, told.password, told.display_name or "", place, told.oidc_subject
    )
    return UserCreated(**UserView.model_validate(user).model_dump(), one_time_password=made_up)


@router.patch("/users/{user_id}")
def update_user(office: OfficeDep, who: PrincipalDep, user_id: BigIdPath, told: UserUpdate) -> UserCreated:
    """Change roles, shut out or let back in, or reset the password."""
    user, made_up = service.update_user(
        office,
        who,
        user_id,
        roles=told.roles,
        disabled=told.disabled,
        reset_password=told.reset_password,
        place=service.Place(told.districts, told.camera_ids, told.unit),
        oidc_subject=told.oidc_subject,
    )
    return UserCreated(**UserView.model_validate(user).model_dump(), one_time_password=made_up)


@router.get("/tokens")
def list_tokens(office: OfficeDep) -> TokenList:
    """All machine tokens."""
    return TokenList(items=[TokenView.model_validate(token) for token in service.list_tokens(office)])


@router.post("/tokens", status_code=201)
def create_token(office: OfficeDep, who: PrincipalDep, told: TokenIn) -> TokenCreated:
    """Make a machine token; its text is shown once."""
    token, plain = service.create_token(office, who, told.name, told.role)
    return TokenCreated(**TokenView.model_validate(token).model_dump(), token=plain)


@router.delete("/tokens/{token_id}")
def revoke_token(office: OfficeDep, who: PrincipalDep, token_id: BigIdPath) -> TokenView:
    """Revoke a machine token."""
    return TokenView.model_validate(service.revoke_token(office, who, token_id))
