"""What kind of ground a zone was drawn on, and the codes and words that follow from it.

A zone is one polygon; what lies in it (a pavement, a fire lane, the ring around a junction) is said by `areas` of its
rule. The distances of the law are drawn by whoever draws the zone: a picture has no metres.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Area(StrEnum):
    """The ground of a zone."""

    SIDEWALK = "sidewalk"
    """Pavement (人行道)."""
    TACTILE_PAVING = "tactile_paving"
    """Paving for the blind (盲道)."""
    FIRE_LANE = "fire_lane"
    """Kept free for fire engines (消防通道)."""
    JUNCTION_50M = "junction_50m"
    """Within 50 m of a junction, level crossing, bend, bridge, slope or tunnel."""
    BUS_STOP_30M = "bus_stop_30m"
    """Within 30 m of a bus stop, fuel station, hydrant or fire station."""
    ROADWAY = "roadway"
    """Carriageway or other road ground."""
    SHOP_LINE = "shop_line"
    """In front of the line of a shop's shutter (卷帘门)."""


PARKING = "09009"
FIRE_LANE = "09012"
ACCESSIBLE_WAY = "09019"
DRIVER_UNKNOWN = "driver_unknown"
"""Nobody looked for a driver: said openly, for a reviewer must find out. Never left out to mean \"not seen\"."""

PARKING_FLAGS = {
    Area.SIDEWALK: "on_sidewalk",
    Area.TACTILE_PAVING: "on_tactile_paving",
    Area.FIRE_LANE: "on_fire_lane",
    Area.JUNCTION_50M: "near_junction",
    Area.BUS_STOP_30M: "near_bus_stop",
}


def parking_codes(areas: Iterable[Area]) -> tuple[str, ...]:
    """Matter codes of a vehicle that stands on such ground, the gravest first (GB/T 47678.5-2026, as data).

    >>> parking_codes([Area.SIDEWALK, Area.FIRE_LANE])
    ('09012', '09009')
    >>> parking_codes([])
    ('09009',)
    """
    ground = set(areas)
    special = ((Area.FIRE_LANE, FIRE_LANE), (Area.TACTILE_PAVING, ACCESSIBLE_WAY))
    return (*(code for area, code in special if area in ground), PARKING)


def parking_flags(areas: Iterable[Area]) -> tuple[str, ...]:
    """What a parking incident says of its ground, and that nobody looked for the driver."""
    ground = set(areas)
    return (*(flag for area, flag in PARKING_FLAGS.items() if area in ground), DRIVER_UNKNOWN)
