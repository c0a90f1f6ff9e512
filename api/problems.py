"""Every refusal as one problem document (RFC 9457): one shape, one clear line."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from api.errors import ApiError, InvalidError, NotSignedInError, OneTimePasswordError
from api.guard import guard
from api.pages.render import page

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    where: str
    problem: str


class Problem(BaseModel):
    """A refusal: `detail` is one line for people; validation errors name the fields."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """Build the answer."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(jsonable_encoder(body), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Handle every error of the app."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DataError, _on_data_error)
    app.add_exception_handler(OperationalError, _on_database_away)
    app.add_exception_handler(OSError, _on_disk_error)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for a page, so that a refusal should be one too."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this type
    if wants_page(request) and (place := _place_to_begin(error)) is not None:
        return RedirectResponse(place, status_code=303)
    return _refusal(request, error.status, error.detail, error.headers, **error.more)


def _place_to_begin(error: ApiError) -> str | None:
    """The page at which a refused browser puts right what is missing."""
    if isinstance(error, NotSignedInError):
        return "/login"
    return "/account" if isinstance(error, OneTimePasswordError) else None


def _refusal(request: Request, status: int, detail: str, headers: dict[str, str], **more: Any) -> Response:
    if wants_page(request):
        return page(request, "error.html", status_code=status, status=status, detail=detail)
    return problem_response(status, detail, headers, **more)


def _refused_anyway(request: Request) -> ApiError | None:
    """A body that cannot be read is found out before the guard has run: strangers are told nothing of it."""
    if hasattr(request.state, "principal"):
        return None
    try:
        guard(request)
    except ApiError as refusal:
        return refusal
    return None


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    if (refusal := _refused_anyway(request)) is not None:
        return _on_api_error(request, refusal)
    fields = [
        FieldProblem(
            where=".".join(str(part) for part in each["loc"] if part != "body") or "body",
            # pydantic puts this before the words of our own checks.
            problem=str(each["msg"]).removeprefix("Value error, "),
        )
        for each in error.errors()[:20]
    ]
    detail = f"{fields[0].where}: {fields[0].problem}" if fields else "The request cannot be read."
    return problem_response(422, detail, errors=[field.model_dump() for field in fields])


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    if error.status_code == HTTPStatus.BAD_REQUEST:  # the body is no text, so no JSON either
        refusal = _refused_anyway(request) or InvalidError("The body cannot be read: send JSON in UTF-8.")
        return _on_api_error(request, refusal)
    return _refusal(request, error.status_code, str(error.detail), dict(error.headers or {}))


def _on_data_error(_request: Request, _error: Exception) -> Response:
    return problem_response(422, "A value cannot be stored: it is too large or holds forbidden characters.")


def _on_database_away(_request: Request, error: Exception) -> Response:
    log.error("the database cannot be used: %s", str(getattr(error, "orig", error)).splitlines()[0])
    return problem_response(503, "The database cannot be used now: try again.", {"Retry-After": "5"})


def _on_disk_error(_request: Request, error: Exception) -> Response:
    log.error("the disk refused: %s", error)
    return problem_response(507, "The service cannot store this now.", {"Retry-After": "30"})
