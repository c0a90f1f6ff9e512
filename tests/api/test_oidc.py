"""Signing in with an OpenID provider: the whole way with real keys, and every way in which it must fail."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from pydantic import ValidationError
from sqlalchemy import select

from api.db.models import User
from api.guard import COOKIE
from api.oidc.errors import Failure
from api.pages.i18n import LANGUAGES, catalogue
from api.settings import ApiSettings
from tests.api.conftest import PASSWORD, Clock, Service
from tests.api.openid_provider import (
    CLIENT_ID,
    REDIRECT,
    SECRET,
    Claims,
    OpenIdProvider,
    SigningKey,
    running_provider,
)

GROUPS = {"law-review": "reviewer", "law-admin": "admin"}


@pytest.fixture
def database_url(fast_path: Path, sqlite_template: Path) -> str:
    """What is stored is the same on both databases: one is enough here."""
    return f"sqlite:///{shutil.copy(sqlite_template, fast_path / 'streetwarden.sqlite3')}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(clock: Clock) -> Iterator[OpenIdProvider]:
    with running_provider(clock) as found:
        yield found


@pytest.fixture
def start(
    provider: OpenIdProvider, fast_path: Path, start_service: Callable[..., Service], clock: Clock
) -> Callable[..., Service]:
    """The service with this provider, on one clock with it."""

    def go(**more: Any) -> Service:
        secret = fast_path / "client-secret"
        secret.write_text(f"{SECRET}\n")
        settings: dict[str, Any] = {
            "public_url": "https://office.example",
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret_file": secret,
            "oidc_name": "City ID",
        }
        service = start_service(**settings, **more)
        provider.now = service.clock
        return service

    return go


def add(service: Service, username: str, *roles: str, subject: str | None = None) -> int:
    """A person who is linked to a subject of the provider."""
    service.person(*roles, username=username)
    admin = service.person("admin")
    users = admin.get("/api/v1/users").json()["items"]
    number = next(int(each["id"]) for each in users if each["username"] == username)
    if subject is not None:
        answer = admin.patch(f"/api/v1/users/{number}", json={"oidc_subject": subject})
        assert answer.status_code == 200, answer.text
    return number


def leave(browser: httpx.Client) -> str:
    """To the provider and, signed in there, back: the address that it sends the browser to."""
    out = browser.get("/login/oidc")
    assert out.status_code == 303, out.text
    with httpx.Client(verify=False) as away:  # noqa: S501 - plain HTTP on this machine
        return str(away.get(out.headers["location"]).headers["location"])


def come_back(browser: httpx.Client, address: str) -> httpx.Response:
    """The office's end of that address."""
    assert address.startswith(REDIRECT)
    return browser.get(address.removeprefix("https://office.example"))


def sign_in(service: Service) -> httpx.Response:
    browser = service.anonymous()
    answer = come_back(browser, leave(browser))
    answer.extensions["browser"] = browser
    return answer


def refused(answer: httpx.Response, failure: Failure) -> None:
    """The sign-in page with this one line, and no session."""
    assert answer.status_code in {400, 401, 502}
    assert catalogue("en")[f"login.oidc_{failure}"].replace("'", "&#39;") in answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")


def test_somebody_who_is_linked_comes_in_and_the_log_says_so(start: Callable[..., Service]) -> None:
    service = start()
    add(service, "chen", "reviewer", subject="subject-1")
    assert 'href="/login/oidc"' in service.anonymous().get("/login").text
    answer = sign_in(service)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    cookies = answer.headers.get_list("set-cookie")
    session = next(each for each in cookies if each.startswith(COOKIE))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    browser: httpx.Client = answer.extensions["browser"]
    told = browser.get("/api/v1/session").json()
    assert (told["name"], told["password_is_temporary"]) == ("chen", False)
    log = service.person("auditor").get("/api/v1/audit", params={"subject": "user:chen"}).json()["items"]
    assert [entry["action"] for entry in log][:2] == ["session.opened", "user.changed"]
    assert log[1]["after"]["oidc_subject"] == "subject-1"


def test_it_is_off_until_it_is_set_up(start_service: Callable[..., Service]) -> None:
    browser = start_service().anonymous()
    assert browser.get("/login/oidc").status_code == 404
    assert browser.get("/login/oidc/callback?code=x&state=y").status_code == 404
    assert "/login/oidc" not in browser.get("/login").text


def test_the_browser_is_sent_only_where_the_settings_say(start: Callable[..., Service]) -> None:
    service = start()
    add(service, "chen", "reviewer", subject="subject-1")
    browser = service.anonymous(headers={"Host": "evil.example"})
    out = browser.get("/login/oidc?next=https://evil.example&redirect_uri=https://evil.example")
    asked = parse_qs(urlsplit(out.headers["location"]).query)
    assert asked["redirect_uri"] == [REDIRECT]
    assert "evil" not in out.headers["location"]
    plain = service.anonymous()
    answer = come_back(plain, leave(plain) + "&next=https://evil.example&redirect=//evil.example")
    assert answer.headers["location"] == "/review"


FORGERIES: dict[str, Callable[[OpenIdProvider, Claims], str]] = {
    "another nonce": lambda p, c: p.keys[0].sign(c | {"nonce": "x"}),
    "no nonce": lambda p, c: p.keys[0].sign({name: value for name, value in c.items() if name != "nonce"}),
    "another issuer": lambda p, c: p.keys[0].sign(c | {"iss": "https://evil.example"}),
    "another audience": lambda p, c: p.keys[0].sign(c | {"aud": "other"}),
    "several audiences without a party": lambda p, c: p.keys[0].sign(c | {"aud": [CLIENT_ID, "other"]}),
    "another party": lambda p, c: p.keys[0].sign(c | {"azp": "other"}),
    "expired": lambda p, c: p.keys[0].sign(c | {"exp": c["exp"] - 600}),
    "from the future": lambda p, c: p.keys[0].sign(c | {"iat": c["iat"] + 600}),
    "made long ago": lambda p, c: p.keys[0].sign(c | {"iat": c["iat"] - 6000}),
    "a time that is a word": lambda p, c: p.keys[0].sign(c | {"nbf": "soon"}),
    "no subject": lambda p, c: p.keys[0].sign({name: value for name, value in c.items() if name != "sub"}),
    "no signature": lambda _p, c: jwt.encode(c, "", "none"),
    "a secret both know": lambda p, c: jwt.encode(c, SECRET * 4, "HS256", headers={"kid": p.keys[0].kid}),
    "a stranger's key": lambda p, c: SigningKey.rsa(p.keys[0].kid, "stranger").sign(c),
    "a key of another kind": lambda p, c: SigningKey.ec(p.keys[0].kid).sign(c),
    "an unpublished key": lambda _p, c: SigningKey.ec("key-9").sign(c),
    "no token at all": lambda _p, _c: "a.b",
    "changed after signing": lambda p, c: _changed(p.keys[0].sign(c)),
}


def _changed(token: str) -> str:
    head, _body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False}) | {"sub": "subject-2"}
    return f"{head}.{jwt.utils.base64url_encode(json.dumps(claims).encode()).decode()}.{signature}"


def test_a_token_that_does_not_hold_lets_nobody_in(start: Callable[..., Service], provider: OpenIdProvider) -> None:
    service = start()
    add(service, "chen", "reviewer", subject="subject-1")
    add(service, "root", "admin", subject="subject-2")
    for name, forge in FORGERIES.items():
        provider.forge = lambda claims, forge=forge: forge(provider, claims)
        answer = sign_in(service)
        refused(answer, Failure.TOKEN)
        assert COOKIE not in answer.extensions["browser"].cookies, name
    log = service.person("auditor").get("/api/v1/audit", params={"subject": "user:unknown"}).json()["items"]
    assert len([entry for entry in log if entry["action"] == "session.refused"]) == len(FORGERIES)
    provider.forge = None
    assert sign_in(service).status_code == 303


def test_only_the_browser_that_began_comes_back_once_and_in_time(
    start: Callable[..., Service], provider: OpenIdProvider
) -> None:
    service = start()
    add(service, "chen", "reviewer", subject="subject-1")
    mine, other = service.anonymous(), service.anonymous()
    address = leave(mine)
    refused(come_back(other, address), Failure.STATE)
    leave(other)
    refused(come_back(other, address), Failure.STATE)
    assert come_back(mine, address).status_code == 303
    refused(come_back(mine, address), Failure.STATE)
    late = service.anonymous()
    address = leave(late)
    service.clock.advance(minutes=11)
    refused(come_back(late, address), Failure.STATE)
    garbled = service.anonymous()
    garbled.cookies.set("streetwarden_oidc", "garbage", domain="127.0.0.1", path="/login/oidc")
    refused(come_back(garbled, address), Failure.STATE)
    # A code that was caught is worth nothing without the verifier of the browser that asked for it.
    thief = service.anonymous()
    stolen = parse_qs(urlsplit(leave(service.anonymous())).query)["code"][0]
    own = parse_qs(urlsplit(leave(thief)).query)
    swapped = f"{REDIRECT}?code={stolen}&state={own['state'][0]}&iss={provider.issuer}"
    refused(come_back(thief, swapped), Failure.ANSWER)


def test_a_provider_that_misbehaves_is_one_line(start: Callable[..., Service], provider: OpenIdProvider) -> None:
    service = start()
    browser = service.anonymous()
    provider.denied = "access_denied"
    refused(come_back(browser, leave(browser)), Failure.DENIED)
    provider.denied = None
    answers = {(500, b"{}"): Failure.UNREACHABLE, (400, b"{}"): Failure.ANSWER, (200, b"<html>"): Failure.ANSWER}
    answers |= {(200, b"[]"): Failure.ANSWER, (200, b"{}"): Failure.ANSWER, (200, b" " * 1_100_000): Failure.ANSWER}
    answers |= {(302, b""): Failure.ANSWER}
    for told, failure in answers.items():
        provider.token_answer = told
        refused(sign_in(service), failure)
    provider.token_answer = None
    address = leave(browser)
    refused(come_back(browser, address.replace("iss=", "iss=https%3A%2F%2Fevil.example&was=")), Failure.ANSWER)
    address = leave(browser)
    refused(come_back(browser, address.replace("code=", "was=")), Failure.ANSWER)
    wrong: tuple[Claims, ...] = (
        {"issuer": "https://other"},
        {"token_endpoint": "http://evil.example/t"},
        {"jwks_uri": 1},
    )
    for metadata in wrong:
        service.clock.advance(hours=2)
        provider.metadata = metadata
        refused(browser.get("/login/oidc"), Failure.ANSWER)


def test_a_provider_that_is_away_is_one_line_and_passwords_still_work(
    start: Callable[..., Service], provider: OpenIdProvider
) -> None:
    issuer, provider.issuer = provider.issuer, "http://127.0.0.1:9"
    service = start()
    provider.issuer = issuer
    service.person("reviewer", username="chen")
    refused(service.anonymous().get("/login/oidc"), Failure.UNREACHABLE)
    assert service.sign_in("chen", PASSWORD).get("/api/v1/session").json()["name"] == "chen"


def test_strangers_and_who_was_shut_out_stay_out(start: Callable[..., Service], provider: OpenIdProvider) -> None:
    service = start()
    number = add(service, "chen", "reviewer", subject="subject-1")
    provider.person = {"sub": "stranger<b>", "preferred_username": "chen"}
    answer = sign_in(service)
    refused(answer, Failure.UNKNOWN)
    assert "stranger&lt;b&gt;" in answer.text, "what an admin needs to link it, and no markup"
    provider.person = {"sub": "subject-1"}
    assert service.person("admin").patch(f"/api/v1/users/{number}", json={"disabled": True}).status_code == 200
    refused(sign_in(service), Failure.DISABLED)


def test_roles_come_from_the_claim_when_the_settings_map_it(
    start: Callable[..., Service], provider: OpenIdProvider
) -> None:
    service = start(oidc_roles_claim="realm.groups", oidc_roles=GROUPS)
    add(service, "chen", "reviewer", subject="subject-1")
    provider.person = {"sub": "subject-1", "realm": {"groups": ["law-admin", "choir"]}}
    browser: httpx.Client = sign_in(service).extensions["browser"]
    assert browser.get("/api/v1/session").json()["roles"] == ["admin"]
    for groups in ([], ["choir"], "choir", None, [1], {"law-admin": 1}):
        provider.person = {"sub": "subject-1", "realm": {"groups": groups}}
        refused(sign_in(service), Failure.ROLE)
    provider.person = {"sub": "subject-1", "realm": {"groups": "law-review"}}
    assert sign_in(service).status_code == 303
    log = service.person("auditor").get("/api/v1/audit", params={"subject": "user:chen"}).json()["items"]
    changes = [entry for entry in log if entry["reason"] == "OpenID provider"]
    assert [entry["after"]["roles"] for entry in changes] == [["reviewer"], ["admin"]]


def test_the_provider_cannot_take_the_last_admin_away(start: Callable[..., Service], provider: OpenIdProvider) -> None:
    service = start(oidc_roles_claim="groups", oidc_roles=GROUPS)
    add(service, "root", "admin", subject="subject-1")
    with service.office.database.writing() as session:
        for user in session.scalars(select(User).where(User.username != "root")):
            user.disabled_at = service.clock()
    provider.person = {"sub": "subject-1", "groups": ["law-review"]}
    refused(sign_in(service), Failure.ROLE)


def test_who_is_new_is_added_when_the_settings_say_so_and_never_as_somebody_else(
    start: Callable[..., Service], provider: OpenIdProvider
) -> None:
    service = start(oidc_roles_claim="groups", oidc_roles=GROUPS, oidc_create_users=True)
    service.person("admin", username="chen")
    provider.person = {"sub": "new", "groups": ["law-review"], "preferred_username": "chen", "name": "Chen Jie"}
    browser: httpx.Client = sign_in(service).extensions["browser"]
    session = browser.get("/api/v1/session").json()
    assert (session["display_name"], session["roles"]) == ("Chen Jie", ["reviewer"])
    assert session["name"].startswith("oidc-")
    provider.person = {"sub": "newer", "groups": ["law-review"], "preferred_username": "li.ming"}
    assert sign_in(service).extensions["browser"].get("/api/v1/session").json()["name"] == "li.ming"
    assert sign_in(service).status_code == 303, "the second time it is the same person"


def test_keys_that_change_are_asked_for_again_but_not_by_everybody(
    start: Callable[..., Service], provider: OpenIdProvider
) -> None:
    service = start()
    add(service, "chen", "reviewer", subject="subject-1")
    assert sign_in(service).status_code == 303
    service.clock.advance(minutes=1)
    provider.keys = [SigningKey.ec("key-2")]
    assert sign_in(service).status_code == 303
    asked = provider.key_requests
    provider.forge = lambda claims: SigningKey.ec("key-9").sign(claims)
    for _ in range(3):
        refused(sign_in(service), Failure.TOKEN)
    assert provider.key_requests == asked


def test_a_subject_is_one_persons(start: Callable[..., Service]) -> None:
    service = start()
    add(service, "chen", "reviewer", subject="subject-1")
    number = add(service, "li", "reviewer")
    admin = service.person("admin")
    answer = admin.patch(f"/api/v1/users/{number}", json={"oidc_subject": "subject-1"})
    assert (answer.status_code, "chen is linked" in answer.json()["detail"]) == (409, True)
    body = {"username": "wu", "roles": ["ops"], "oidc_subject": "subject-1"}
    assert admin.post("/api/v1/users", json=body).status_code == 409


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_failure_has_words(language: str) -> None:
    assert {f"login.oidc_{failure}" for failure in Failure} <= set(catalogue(language))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"oidc_issuer": "http://id.example"}, "oidc_issuer: expected https"),
        ({"oidc_issuer": "https://id.example"}, "oidc_client_id"),
        ({"oidc_issuer": "https://id.example", "oidc_client_id": "x"}, "public_url"),
        ({"oidc_issuer": "https://u:p@id.example", "oidc_client_id": "x"}, "oidc_issuer"),
        ({"oidc_roles": {"staff": "worker"}}, "'worker' is not one of"),
        ({"oidc_algorithms": ("HS256",)}, "oidc_algorithms"),
        ({"oidc_algorithms": ("none",)}, "oidc_algorithms"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ApiSettings(data_dir=Path("/tmp/none"), **settings)  # noqa: S108
    assert words in str(caught.value)
