"""Generated requests over the whole interface, each sent by everybody, and what must hold of every answer."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.access import ACCESS, PUBLIC, WHOLE_CITY
from tests.fuzz.office import CAMERA_PASSWORD, HOST, SECRET_PLACE, Caller, Town

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Answers that only end with the page that asked.
STREAMS = ("text/event-stream", "multipart/x-mixed-replace")
# Of so many requests with places in their path, one keeps what was made up.
MADE_UP = 3
# Who is refused is refused before anything is read: few requests show it.
REFUSALS = 2
Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]


@schemathesis.serializer("application/zip", "application/timestamp-query", "application/octet-stream")
def _as_bytes(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def operations(town: Town) -> Iterator[Operation]:
    """Every operation of the service's own description; credentials are ours to send, not to be made up."""
    document = copy.deepcopy(town.app.openapi())
    document["components"].pop("securitySchemes")
    _plain_pairs(document)
    for path in document["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # one that cannot be read raises here
        yield operation


def _plain_pairs(part: Any) -> None:
    """Pairs as lists of two: schemathesis reads `prefixItems` as an older draft's `items` and then refuses them."""
    if isinstance(part, dict) and isinstance(part.get("prefixItems"), list):
        kinds = part.pop("prefixItems")
        part["items"] = kinds[0] if all(kind == kinds[0] for kind in kinds) else {}
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _plain_pairs(each)


def name_of(operation: Operation) -> str:
    return str(operation.definition.raw["operationId"])


def requests(operation: Operation, count: int, number: int) -> list[AnyCase]:
    """`count` requests as described and as many that are not, the same for the same `number`."""
    found: list[AnyCase] = []

    def keep(case: AnyCase) -> None:
        found.append(case)

    for mode in GenerationMode:
        quiet = settings(
            max_examples=count, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        try:
            seed(number)(quiet(given(operation.as_strategy(generation_mode=mode))(keep)))()
        except Unsatisfiable:  # nothing about it can be wrong
            continue
    return found


def with_known_places(cases: Sequence[AnyCase], known: dict[str, list[Any]], number: int) -> Sequence[AnyCase]:
    """Most requests ask for something that is there: what was made up seldom comes past "not found"."""
    chance = random.Random(number)
    for at, case in enumerate(cases):
        if (at + 1) % MADE_UP:
            case.path_parameters |= {name: chance.choice(known[name]) for name in case.path_parameters if name in known}
    return cases


def may(caller: Caller, operation: str) -> bool:
    """Whether the table of roles lets this one in."""
    if operation in PUBLIC:
        return True
    return not caller.roles.isdisjoint(ACCESS[operation]) and not (caller.limited and operation in WHOLE_CITY)


def endless(operation: Operation) -> bool:
    answers = operation.definition.raw["responses"].get("200", {}).get("content", {})
    return any(each in answers for each in STREAMS)


def send(town: Town, caller: Caller, case: AnyCase) -> httpx.Response:
    told = case.as_transport_kwargs(base_url=HOST)
    headers = {name: value for name, value in told.pop("headers").items() if value is not None}
    body = {"content" if name == "data" else name: value for name, value in told.items() if name in {"data", "json"}}
    params = told.get("params") or None
    return town.ask(caller, told["method"], told["url"], params=params, headers=headers, **body)


def walk(town: Town, operation: Operation, count: int, number: int) -> Iterator[str]:
    """Send the operation's requests as everybody; give what does not hold, a line each."""
    name = name_of(operation)
    cases = with_known_places(requests(operation, count, number), town.known, number)
    for at, case in enumerate(cases):
        for caller in town.callers.values():
            if endless(operation) if may(caller, name) else at >= max(REFUSALS, count // 4):
                continue
            yield from (f"{name} as {caller.name}: {each}" for each in judge(town, caller, name, case))


def judge(town: Town, caller: Caller, name: str, case: AnyCase) -> Iterator[str]:
    """What is wrong with one caller's answer."""
    try:
        answer = send(town, caller, case)
        if answer.status_code == httpx.codes.UNAUTHORIZED and caller.roles and name not in PUBLIC:
            town.anew(caller)
            answer = send(town, caller, case)
    except Exception as error:
        yield f"{type(error).__name__}: {error} on {case.as_curl_command()}"
        return
    if not may(caller, name):
        if answer.status_code not in _refusals(caller):
            yield f"{answer.status_code} where it must be refused: {case.as_curl_command()}"
        return
    yield from _against_description(case, answer)
    yield from _leaks(caller, name, answer)


def _refusals(caller: Caller) -> set[int]:
    return {httpx.codes.FORBIDDEN} if caller.roles else {httpx.codes.UNAUTHORIZED}


def _nobody_there(case: AnyCase, answer: httpx.Response) -> bool:
    """A refusal that the operation describes: what would do the work (a worker, a replayer) is not there now."""
    away = httpx.codes.SERVICE_UNAVAILABLE
    described = str(int(away)) in case.operation.definition.raw["responses"]
    return answer.status_code == away and described and "database" not in answer.text


def _against_description(case: AnyCase, answer: httpx.Response) -> Iterator[str]:
    checks = CHECKS[1:] if _nobody_there(case, answer) else CHECKS
    try:
        case.validate_response(answer, checks=checks)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield f"{answer.status_code} {str(failure)[:300]} on {case.as_curl_command()}: {answer.text[:200]}"


def _leaks(caller: Caller, name: str, answer: httpx.Response) -> Iterator[str]:
    if caller.limited and SECRET_PLACE in answer.text:
        yield "tells of a camera outside the caller's limits"
    if name != "get_worker_config" and CAMERA_PASSWORD in answer.text:
        yield "tells a camera's password"
