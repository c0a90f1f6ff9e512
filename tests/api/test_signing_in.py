"""Signing in, staying in, and being shut out."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select

from api.db.models import Token, User, UserSession
from tests.api.conftest import PASSWORD, Service


def sign_in(client: httpx.Client, username: str, password: str) -> httpx.Response:
    return client.post("/api/v1/session", json={"username": username, "password": password})


def test_the_right_password_opens_a_session(service: Service) -> None:
    service.person("reviewer", username="chen")
    client = service.sign_in("chen")
    session = client.get("/api/v1/session").json()
    assert (session["name"], session["roles"]) == ("chen", ["reviewer"])
    assert client.get("/api/v1/cases").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(service: Service) -> None:
    service.person("reviewer", username="chen")
    cookie = sign_in(service.anonymous(), "chen", PASSWORD).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_behind_tls_the_cookie_is_secure(start_service: Callable[..., Service]) -> None:
    service = start_service(cookie_secure=True)
    service.person("reviewer", username="chen")
    assert "Secure" in sign_in(service.anonymous(), "chen", PASSWORD).headers["set-cookie"]


@pytest.mark.parametrize("username", ["chen", "nobody"])
def test_a_wrong_password_is_one_clear_line_whether_the_name_is_known_or_not(service: Service, username: str) -> None:
    service.person("reviewer", username="chen")
    answer = sign_in(service.anonymous(), username, "wrong password")
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The user name or the password is wrong."
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("username", ["chen", "nobody"])
def test_repeated_wrong_passwords_lock_the_name_for_a_while(
    start_service: Callable[..., Service], username: str
) -> None:
    service = start_service(lockout_attempts=3)
    service.person("reviewer", username="chen")
    client = service.anonymous()
    assert [sign_in(client, username, "wrong").status_code for _ in range(3)] == [401] * 3
    locked = sign_in(client, username, PASSWORD)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 15 * 60 + 1
    service.clock.advance(minutes=16)
    assert sign_in(client, username, PASSWORD).status_code == (200 if username == "chen" else 401)


def test_a_right_password_in_between_starts_the_count_anew(start_service: Callable[..., Service]) -> None:
    service = start_service(lockout_attempts=2)
    service.person("reviewer", username="chen")
    client = service.anonymous()
    codes = [sign_in(client, "chen", word).status_code for word in ("wrong", PASSWORD, "wrong", PASSWORD)]
    assert codes == [401, 200, 401, 200]


def test_a_session_ends_after_its_time_and_when_it_is_not_used(service: Service) -> None:
    idle, busy = service.person("reviewer"), service.person("reviewer")
    for _ in range(11):
        service.clock.advance(hours=1)
        busy.get("/api/v1/session")
    assert busy.get("/api/v1/session").status_code == 200
    assert idle.get("/api/v1/session").status_code == 401
    service.clock.advance(hours=1.1)
    assert busy.get("/api/v1/session").status_code == 401


def test_signing_out_ends_the_session_on_the_server(service: Service) -> None:
    client = service.person("reviewer")
    cookie = dict(client.cookies)
    assert client.delete("/api/v1/session").status_code == 204
    thief = service.anonymous()
    thief.cookies.update(cookie)
    assert thief.get("/api/v1/session").status_code == 401


def test_a_change_without_the_pages_own_token_is_refused(service: Service) -> None:
    case_id = service.case("incident-1")
    client = service.person("reviewer")
    body = {"action": "confirm", "version": 1}
    for token in (None, "", "wrong"):
        client.headers.pop("X-CSRF-Token", None)
        if token is not None:
            client.headers["X-CSRF-Token"] = token
        answer = client.post(f"/api/v1/cases/{case_id}/decisions", json=body)
        assert answer.status_code == 403, token


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_other_sites_can_neither_sign_somebody_in_nor_change_anything(
    service: Service, headers: dict[str, str]
) -> None:
    client = service.person("admin", username="chen")
    body = {"username": "chen", "password": PASSWORD}
    assert service.anonymous().post("/api/v1/session", json=body, headers=headers).status_code == 403
    assert service.anonymous().post("/login", data=body, headers=headers).status_code == 403
    assert client.post("/api/v1/tokens", json={"name": "t", "role": "worker"}, headers=headers).status_code == 403


def test_the_form_signs_in_and_leads_to_the_work(service: Service) -> None:
    service.person("reviewer", username="chen")
    client = service.anonymous()
    wrong = client.post("/login", data={"username": "chen", "password": "wrong"})
    assert wrong.status_code == 401
    assert "The user name or the password is wrong." in wrong.text
    right = client.post("/login", data={"username": "chen", "password": PASSWORD})
    assert (right.status_code, right.headers["location"]) == (303, "/review")
    assert client.get("/review").status_code == 200


def test_a_page_asked_for_without_a_session_leads_to_the_form(service: Service) -> None:
    answer = service.anonymous().get("/review", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_shutting_somebody_out_ends_their_sessions(service: Service) -> None:
    admin, person = service.person("admin"), service.person("reviewer", username="chen")
    user = next(each for each in admin.get("/api/v1/users").json()["items"] if each["username"] == "chen")
    assert admin.patch(f"/api/v1/users/{user['id']}", json={"disabled": True}).status_code == 200
    assert person.get("/api/v1/session").status_code == 401
    assert sign_in(service.anonymous(), "chen", PASSWORD).status_code == 401


def test_a_person_without_a_password_gets_a_one_time_password(service: Service) -> None:
    admin = service.person("admin")
    made = admin.post("/api/v1/users", json={"username": "li", "roles": ["reviewer"]}).json()
    client = service.sign_in("li", made["one_time_password"])
    assert client.get("/api/v1/session").json()["password_is_temporary"]
    change = {"old_password": made["one_time_password"], "new_password": made["one_time_password"]}
    assert client.put("/api/v1/session/password", json=change).status_code == 422
    change["new_password"] = "my own long one"
    assert client.put("/api/v1/session/password", json=change).status_code == 204
    assert not client.get("/api/v1/session").json()["password_is_temporary"]
    assert sign_in(service.anonymous(), "li", made["one_time_password"]).status_code == 401


def test_nothing_is_done_with_a_one_time_password_but_changing_it(service: Service) -> None:
    admin, person = service.person("admin"), service.person("reviewer", username="chen")
    user = next(each for each in admin.get("/api/v1/users").json()["items"] if each["username"] == "chen")
    made = admin.patch(f"/api/v1/users/{user['id']}", json={"reset_password": True}).json()["one_time_password"]
    assert person.get("/api/v1/session").status_code == 401
    client = service.sign_in("chen", made)
    refused = client.get("/api/v1/cases")
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "You signed in with a one-time password: set your own first.",
    )
    led = client.get("/review", headers={"Accept": "text/html"})
    assert (led.status_code, led.headers["location"]) == (303, "/account")
    shown = client.get("/account", headers={"Accept": "text/html"}).text
    assert "one-time password" in shown
    assert 'href="/cases"' not in shown
    change = {"old_password": made, "new_password": "my own long one"}
    assert client.put("/api/v1/session/password", json=change).status_code == 204
    assert client.get("/api/v1/cases").status_code == 200


@pytest.mark.parametrize("guessed", ["chenchenchen", "aaaaaaaaaaaa", "Streetwarden1", "Chen-1234567"])
def test_a_password_that_others_would_try_first_is_refused(service: Service, guessed: str) -> None:
    client = service.person("reviewer", username="chen")
    change = {"old_password": PASSWORD, "new_password": guessed}
    answer = client.put("/api/v1/session/password", json=change)
    assert (answer.status_code, "easily guessed" in answer.json()["detail"]) == (422, True)


def test_a_new_password_ends_the_other_sessions(service: Service) -> None:
    here = service.person("reviewer", username="chen")
    elsewhere = service.sign_in("chen")
    change = {"old_password": PASSWORD, "new_password": "another long password"}
    assert here.put("/api/v1/session/password", json=change).status_code == 204
    assert here.get("/api/v1/session").status_code == 200
    assert elsewhere.get("/api/v1/session").status_code == 401


def test_a_password_change_needs_the_present_one_and_a_long_new_one(service: Service) -> None:
    client = service.person("reviewer")
    wrong = client.put("/api/v1/session/password", json={"old_password": "x", "new_password": "long enough now"})
    short = client.put("/api/v1/session/password", json={"old_password": PASSWORD, "new_password": "short"})
    assert (wrong.status_code, short.status_code) == (403, 422)


def test_the_last_administrator_cannot_be_shut_out(service: Service) -> None:
    admin = service.person("admin")
    user = admin.get("/api/v1/users").json()["items"][0]
    assert admin.patch(f"/api/v1/users/{user['id']}", json={"disabled": True}).status_code == 409
    assert admin.patch(f"/api/v1/users/{user['id']}", json={"roles": ["ops"]}).status_code == 409


def test_a_token_works_until_it_is_revoked_and_is_shown_once(service: Service) -> None:
    admin = service.person("admin")
    made = admin.post("/api/v1/tokens", json={"name": "edge-1", "role": "worker"}).json()
    machine = service.anonymous()
    machine.headers["Authorization"] = f"Bearer {made['token']}"
    assert machine.get("/api/v1/worker/config").status_code == 200
    assert made["token"] not in admin.get("/api/v1/tokens").text
    assert admin.delete(f"/api/v1/tokens/{made['id']}").status_code == 200
    assert machine.get("/api/v1/worker/config").status_code == 401


def test_no_token_can_decide_cases(service: Service) -> None:
    answer = service.person("admin").post("/api/v1/tokens", json={"name": "bot", "role": "reviewer"})
    assert answer.status_code == 422


def test_secrets_are_stored_as_hashes_only(service: Service) -> None:
    service.person("admin", username="chen")
    client = service.sign_in("chen")
    token = client.post("/api/v1/tokens", json={"name": "edge-1", "role": "worker"}).json()["token"]
    with service.office.database.reading() as session:
        rows = [*session.scalars(select(User)), *session.scalars(select(UserSession)), *session.scalars(select(Token))]
        stored = repr([vars(row) for row in rows])
    for secret in (PASSWORD, token, client.cookies["streetwarden_session"]):
        assert secret not in stored
    assert "$argon2id$" in stored
