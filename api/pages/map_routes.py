"""The map page: cases by place and hour."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import select

from api.access import ACCESS, Principal
from api.db.models import Camera
from api.deps import OfficeDep, PrincipalDep
from api.kinds import KINDS
from api.map import service
from api.map.routes import Days, DistrictText, KindText
from api.map.schemas import MapCounts, Stage
from api.map.service import MapFilter
from api.office import Office
from api.pages.render import page
from api.scope import cameras_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
SPANS = (1, 7, 30, 90, 365)
# The table shows the places with the most cases; the map shows all of them.
ROWS = 100
HOT = 10
SHADES = 6
# A form sends what nobody chose as an empty word.
FormStage = Annotated[str, Query(pattern=f"^(|{'|'.join(Stage)})$")]


@router.get("/map")
def map_page(
    request: Request,
    office: OfficeDep,
    who: PrincipalDep,
    days: Days = 30,
    kind: KindText = "",
    stage: FormStage = "",
    district: DistrictText = "",
) -> Response:
    """Cases by place on a map and in a table, and when they begin."""
    counts = service.counts(
        office, who, MapFilter(days, kind or None, Stage(stage) if stage else None, district or None)
    )
    busy = [place for place in counts.places if place.cases]
    return page(
        request,
        "map.html",
        counts=counts,
        places=[place.model_dump() for place in counts.places],
        rows=busy[:ROWS],
        more=max(0, len(busy) - ROWS),
        hot=busy[:HOT],
        unplaced=sum(place.latitude is None or place.longitude is None for place in counts.places),
        districts=_by_district(counts),
        district_names=_districts(office, who),
        hours=_shaded(counts.hours),
        peaks=_peaks(counts.hours),
        chosen={"days": days, "kind": kind, "stage": stage, "district": district},
        spans=sorted({*SPANS, days}),
        kinds=list(KINDS),
        stages=[each.value for each in Stage],
        may_draw=who.has(*ACCESS["put_map_backdrop"]) and not who.limited,
        may_see_cameras=who.has(*ACCESS["cameras_page"]),
    )


def _districts(office: Office, who: Principal) -> list[str]:
    with office.database.glancing() as session:
        found = session.scalars(select(Camera.district).where(cameras_of(who)).distinct().order_by(Camera.district))
        return [name for name in found if name]


def _by_district(counts: MapCounts) -> list[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for place in counts.places:
        totals[place.district] += place.cases
    return totals.most_common()


def _shaded(hours: list[list[int]]) -> list[list[tuple[int, int]]]:
    """Each hour's count with its shade, 0 (none) to `SHADES`."""
    most = max(map(max, hours))
    return [[(count, -(-count * SHADES // most) if most else 0) for count in day] for day in hours]


def _peaks(hours: list[list[int]]) -> dict[str, Any]:
    """The busiest hour of the day and day of the week; None where there is nothing."""
    by_hour = [sum(day[hour] for day in hours) for hour in range(24)]
    by_day = [sum(day) for day in hours]
    if not any(by_day):
        return {"hour": None, "day": None}
    return {"hour": by_hour.index(max(by_hour)), "day": by_day.index(max(by_day))}
