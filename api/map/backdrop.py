"""What lies under the map: outlines that the office brings as GeoJSON, since no tile server is ever asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import OfficeDatum
from api.db.upsert import insert_if_missing, lock_row
from api.errors import ConflictError
from api.office import Office

NAME = "map_backdrop"
MOST_POINTS = 40_000
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Path = Annotated[list[tuple[Longitude, Latitude]], Field(min_length=2, max_length=MOST_POINTS)]
Shape = Literal["Polygon", "MultiPolygon", "LineString", "MultiLineString"]
_DEPTH = {"LineString": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}


class Outline(BaseModel):
    """One area or line: its paths as longitude and latitude in degrees."""

    name: Annotated[str, Field(max_length=120)] = ""
    area: bool
    paths: Annotated[list[Path], Field(max_length=5_000)]


class Backdrop(BaseModel):
    """What the office brought; `version` 0: nothing yet."""

    version: int
    outlines: list[Outline]


class Geometry(BaseModel):
    """A GeoJSON geometry of lines or areas."""

    type: Shape
    coordinates: Annotated[list[Any], Field(max_length=MOST_POINTS)]


class Feature(BaseModel):
    """A GeoJSON feature; of its properties the name alone is kept."""

    type: Literal["Feature"]
    geometry: Geometry | None
    properties: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """How it is called, if anybody said."""
        name = (self.properties or {}).get("name")
        return "".join(char for char in name if char.isprintable())[:120] if isinstance(name, str) else ""


class FeatureCollection(BaseModel):
    """RFC 7946, lines and areas only, in degrees of WGS 84 or CGCS2000."""

    type: Literal["FeatureCollection"]
    features: Annotated[list[Feature], Field(max_length=5_000)]


class BackdropIn(BaseModel):
    """New outlines; `version` is the one that was seen. An empty collection takes the old ones away."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=0, le=2**31 - 2)]
    geojson: FeatureCollection

    @field_validator("geojson")
    @classmethod
    def _can_be_drawn(cls, value: FeatureCollection) -> FeatureCollection:
        outlines_of(value)
        return value

    @model_validator(mode="after")
    def _not_too_many(self) -> BackdropIn:
        if (points := count(outlines_of(self.geojson))) > MOST_POINTS:
            raise ValueError(f"has {points} points: simplify it to {MOST_POINTS}")
        return self


def outlines_of(collection: FeatureCollection) -> list[Outline]:
    """The lines and areas of a collection; ValueError when a place is none."""
    return [_outline(feature, feature.geometry) for feature in collection.features if feature.geometry is not None]


def _outline(feature: Feature, geometry: Geometry) -> Outline:
    levels = [geometry.coordinates]
    for _ in range(_DEPTH[geometry.type] - 1):
        if any(not isinstance(each, list) for level in levels for each in level):
            raise ValueError(f"{geometry.type}: its coordinates are nested otherwise")
        levels = [each for level in levels for each in level]
    return Outline(name=feature.name, area="Polygon" in geometry.type, paths=[_plane(path) for path in levels])


def _plane(path: list[Any]) -> list[tuple[float, float]]:
    """Longitude and latitude of each place; what is checked further by `Outline`."""
    if any(not isinstance(place, list) or len(place) not in {2, 3} for place in path):
        raise ValueError("a place is [longitude, latitude]")
    return [(place[0], place[1]) for place in path]


def count(outlines: list[Outline]) -> int:
    """How many places they have."""
    return sum(len(path) for outline in outlines for path in outline.paths)


def get(office: Office) -> Backdrop:
    """What lies under the map now."""
    with office.database.reading() as session:
        row = session.get(OfficeDatum, NAME)
    return Backdrop(version=row.version if row else 0, outlines=(row.value if row else {}).get("outlines", []))


def put(office: Office, who: Principal, told: BackdropIn) -> Backdrop:
    """Replace it; raise `ConflictError` when it was replaced meanwhile. The log says how much, not every place."""
    outlines, now = outlines_of(told.geojson), office.now()
    with office.database.writing() as session:
        first = {"name": NAME, "value": {}, "version": 0, "changed_by": who.name, "changed_at": now}
        insert_if_missing(session, OfficeDatum, first)
        row = lock_row(session, OfficeDatum, NAME)
        if row is None or row.version != told.version:
            raise ConflictError("The map was changed meanwhile: reload it.", version=row.version if row else 0)
        row.value = {"outlines": [each.model_dump(mode="json") for each in outlines]}
        row.version, row.changed_by, row.changed_at = row.version + 1, who.name, now
        session.flush()
        after = {"version": row.version, "outlines": len(outlines), "points": count(outlines)}
        record(session, who, now, Event("office.map_backdrop_changed", f"office:{NAME}", after=after))
        return Backdrop(version=row.version, outlines=outlines)
