"""The case service as one ASGI app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api import problems
from api.alarms.routes import router as alarms_router
from api.audit.routes import router as audit_router
from api.background import Background
from api.cameras.routes import router as cameras_router
from api.cases.routes import router as cases_router
from api.chores import check_broker
from api.codes.routes import router as codes_router
from api.db.migrate import migrate
from api.description import describe
from api.errands.desk import Desk
from api.errands.routes import router as errands_router
from api.events.feed import Feed
from api.events.routes import router as events_router
from api.exports.routes import router as exports_router
from api.guard import guard
from api.headers import SecurityHeaders
from api.incidents.routes import router as incidents_router
from api.keys.routes import router as keys_router
from api.live.hub import LiveHub
from api.live.routes import router as live_router
from api.live.stills import LookBook
from api.map.routes import router as map_router
from api.mqtt.routes import router as mqtt_router
from api.office import Office, open_office, utc_now
from api.office_data.routes import router as office_data_router
from api.oidc.flow import OidcFlow, read_secret
from api.packages.arrival import recover
from api.packages.derivative_routes import router as derivatives_router
from api.packages.derivatives import DerivativeShop
from api.packages.deriver import Deriver
from api.packages.retention_routes import router as retention_router
from api.packages.routes import TAKEN_AT_ONCE, quarantine_router, upload_router
from api.packages.routes import router as packages_router
from api.packages.stamp_routes import router as stamps_router
from api.pages.setup import install_pages
from api.probe.routes import router as probe_router
from api.probe.service import Prober
from api.reminders.routes import router as reminders_router
from api.replay.jobs import ReplayJobs
from api.replay.port import Replayer
from api.replay.routes import router as replay_router
from api.reports.routes import router as reports_router
from api.settings import ApiSettings
from api.users.routes import router as users_router
from api.webhooks.routes import router as webhooks_router
from api.work_orders.routes import router as work_orders_router
from api.worker.routes import router as worker_router
from api.zones.routes import router as zones_router

VERSION = "1"
DESCRIPTION = """Cases, evidence, cameras, zones, people and the audit log of Streetwarden.

People sign in with `POST /api/v1/session` and send the header `X-CSRF-Token` with every changing request; machines
send `Authorization: Bearer TOKEN`. Every refusal is a problem document (RFC 9457) with one line in `detail`."""
REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": problems.Problem, "description": description}
    for status, description in (
        (401, "No valid credentials"),
        (403, "Not for this role, or a forged request"),
        (404, "There is no such thing"),
        (409, "Changed meanwhile, or known with other content"),
        (413, "Too large"),
        (422, "Cannot be accepted"),
        (429, "Too many wrong passwords"),
    )
}


class Alive(BaseModel):
    """The service runs."""

    status: str = "ok"


def create_app(
    settings: ApiSettings,
    now: Callable[[], datetime] = utc_now,
    replayer: Replayer | None = None,
    deriver: Deriver | None = None,
) -> FastAPI:
    """Make the app: brings the database up to date, finishes what a crash left, and wires the routes.

    `replayer` judges stored looks by changed zones, `deriver` makes derivatives; without one nobody can ask for that.
    Raises `SetupError` when the data folder or the database cannot be used.
    """
    check_broker(settings)
    read_secret(settings.oidc_client_secret_file)
    migrate(settings.database_url)
    office = open_office(settings, now)
    recover(office)
    app = build(office)
    app.state.replayer = replayer
    app.state.shop = DerivativeShop(office, deriver)
    return app


def build(office: Office) -> FastAPI:
    """Wire the routes around an office that is ready."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        background = Background(office)
        background.start()
        yield
        background.stop()
        if app.state.oidc is not None:
            app.state.oidc.close()
        office.close()

    app = FastAPI(
        title="Streetwarden",
        version=VERSION,
        description=DESCRIPTION,
        dependencies=[Depends(guard)],
        # The interactive pages load scripts from other machines.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    app.state.office = office
    app.state.feed = Feed(office)
    app.state.taking = asyncio.Semaphore(TAKEN_AT_ONCE)
    app.state.shop = DerivativeShop(office, None)
    app.state.oidc = OidcFlow(office) if office.settings.oidc_issuer else None
    _set_up_desk(app, office)
    app.include_router(_api(office.settings), prefix="/api/v1", responses=REFUSALS)
    app.add_api_route("/healthz", healthz, methods=["GET"], tags=["service"])
    install_pages(app)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    problems.install(app)
    app.add_middleware(SecurityHeaders)
    return app


def _set_up_desk(app: FastAPI, office: Office) -> None:
    """What workers are asked to do at once, and what hangs on it; all of it lives on the event loop."""
    app.state.desk = desk = Desk()
    app.state.live = LiveHub(desk, office.now)
    app.state.looks = LookBook()
    app.state.prober = Prober(office, desk)
    app.state.replays = ReplayJobs(office, desk, lambda: getattr(app.state, "replayer", None))


def _api(settings: ApiSettings) -> APIRouter:
    small = APIRouter()
    for router in (
        cases_router,
        packages_router,
        quarantine_router,
        stamps_router,
        retention_router,
        derivatives_router,
        incidents_router,
        cameras_router,
        probe_router,
        zones_router,
        replay_router,
        alarms_router,
        users_router,
        keys_router,
        worker_router,
        audit_router,
        codes_router,
        office_data_router,
        events_router,
        exports_router,
        webhooks_router,
        mqtt_router,
        reminders_router,
        work_orders_router,
        reports_router,
        map_router,
    ):
        small.include_router(router, max_body_size=settings.max_body_bytes)
    small.include_router(upload_router)
    # Pictures are counted as they come, and answers of workers hold pictures and whole comparisons.
    small.include_router(live_router)
    small.include_router(errands_router, max_body_size=8 * settings.max_body_bytes)
    return small


def _operation_id(route: APIRoute) -> str:
    return route.name


def healthz() -> Alive:
    """Whether the service runs."""
    return Alive()
