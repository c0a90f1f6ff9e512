"""Pages from templates: language, theme, and who is looking."""

from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api.access import ACCESS, ANONYMOUS, Principal
from api.deps import get_office
from api.pages.i18n import LANGUAGES, TAGS, catalogue, choose, translate

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "streetwarden_language"
THEME_COOKIE = "streetwarden_theme"
THEMES = ("auto", "light", "dark")
YEAR_S = 365 * 86_400
# Page, and the operation that decides who sees it in the menu.
MENU = (
    ("review", "/review", "review_page"),
    ("cases", "/cases", "cases_page"),
    ("map", "/map", "map_page"),
    ("cameras", "/cameras", "cameras_page"),
    ("zones", "/zones", "zones_page"),
    ("alarms", "/alarms", "alarms_page"),
    ("health", "/health", "health_page"),
    ("reminders", "/reminders", "reminders_page"),
    ("orders", "/work-orders", "orders_page"),
    ("report", "/report", "report_page"),
    ("people", "/people", "people_page"),
    ("systems", "/systems", "systems_page"),
    ("audit", "/audit", "audit_page"),
)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )


def warm_up(app: FastAPI) -> None:
    """Read every template, and the list of what this service can do, before the first page is asked for."""
    app.openapi()
    for name in _environment().list_templates():
        _environment().get_template(name)


def language_of(request: Request) -> str:
    """The language that was chosen now, earlier, or by the browser."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen is not None and chosen in LANGUAGES:
            return chosen
    return choose(request.headers.get("accept-language", ""))


def page(request: Request, template: str, status_code: int = 200, **context: Any) -> HTMLResponse:
    """Render one page; remembers a language that was chosen by `?lang=`."""
    language = language_of(request)
    who: Principal = getattr(request.state, "principal", ANONYMOUS)
    theme = request.cookies.get(THEME_COOKIE, "auto")
    html = (
        _environment()
        .get_template(template)
        .render(
            **context,
            t=partial(translate, language),
            words=catalogue(language),
            language=language,
            language_tag=TAGS[language],
            other_languages=[(code, name) for code, name in LANGUAGES.items() if code != language],
            theme=theme if theme in THEMES else "auto",
            office_name=get_office(request).settings.office_name,
            sign_in_with=_provider(request),
            who=who,
            path=request.url.path,
            menu=_menu(who),
            iso=_iso,
            features=_features(request),
        )
    )
    response = HTMLResponse(html, status_code=status_code)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, samesite="lax", path="/")
    return response


def _menu(who: Principal) -> list[tuple[str, str, str]]:
    """The pages that somebody may open; none before a one-time password is changed."""
    return [] if who.password_is_temporary else [entry for entry in MENU if who.has(*ACCESS[entry[2]])]


def _provider(request: Request) -> dict[str, str] | None:
    """The OpenID provider that people may sign in with, if there is one."""
    settings = get_office(request).settings
    return {"name": settings.oidc_name} if settings.oidc_issuer else None


def _features(request: Request) -> list[str]:
    """The paths of the API, so that a page leaves out what this service cannot do."""
    return sorted(request.app.openapi()["paths"])


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def first_page(who: Principal) -> str:
    """Where somebody starts."""
    return next((path for _name, path, operation in MENU if who.has(*ACCESS[operation])), "/account")
