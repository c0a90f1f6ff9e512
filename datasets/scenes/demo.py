"""The demo's cameras: which street, who drives through, who parks where it is forbidden."""

from __future__ import annotations

from datasets.scenes.paths import Halt, stop_at_kerb, through
from datasets.scenes.spec import (
    ActorSpec,
    CameraSpec,
    ClipSpec,
    Colour,
    LightSpec,
    Placed,
    SceneSpec,
    Stay,
    StreetSpec,
    Trip,
    Waypoint,
)

WHITE, SILVER, GREY, BLACK = (0.62, 0.62, 0.6), (0.36, 0.37, 0.38), (0.12, 0.125, 0.13), (0.012, 0.012, 0.014)
RED, BLUE, GREEN, ORANGE = (0.4, 0.015, 0.015), (0.015, 0.05, 0.22), (0.02, 0.13, 0.06), (0.6, 0.16, 0.01)
FAR_LANE, NEAR_LANE, FAR_KERB, NEAR_KERB = 1.75, -1.75, 4.5, -4.5


def passing(actor_id: str, kind: str, colour: Colour, at_s: float, *, far: bool, speed: float = 9.0) -> Trip:
    """Somebody who drives through without stopping, in the lane of its direction (traffic keeps right)."""
    actor = ActorSpec(actor_id, kind, colour)
    if far:
        return Trip(actor, through(Waypoint(at_s, 72.0, FAR_LANE), -24.0, speed))
    return Trip(actor, through(Waypoint(at_s, -24.0, NEAR_LANE), 72.0, speed))


def _strip(from_x: float, to_x: float, *, far: bool) -> tuple[tuple[float, float], ...]:
    """The ground of a no-stopping strip: from the kerb to just short of the lane."""
    side = 1.0 if far else -1.0
    return (from_x, side * 5.6), (to_x, side * 5.6), (to_x, side * 3.3), (from_x, side * 3.3)


def market_street() -> ClipSpec:
    """A clear day: a red sedan stands on the zigzag of the far kerb."""
    stay = Stay("sedan-red", 4.4, 39.0)
    scene = SceneSpec(
        CameraSpec((-4.0, -8.2, 6.0), (9.0, 3.0, 0.5), 62.0),
        LightSpec(46.0, -60.0),
        StreetSpec(
            3,
            trees=((18.0, 6.7), (30.0, 6.7), (42.0, 6.7), (30.0, -6.7)),
            lamps=((24.0, 6.2),),
            no_stopping=(3.0, 19.0, 1.0),
        ),
        (
            Placed(ActorSpec("parked-suv", "suv", BLUE), 27.0, FAR_KERB, 180.0),
            Placed(ActorSpec("parked-van", "van", SILVER), 34.0, FAR_KERB, 180.0),
        ),
    )
    halt = Halt(9.5, FAR_KERB, FAR_LANE, stay.from_s, stay.to_s)
    walker = Trip(
        ActorSpec("walker", "person", (0.35, 0.3, 0.08)),
        (Waypoint(8.0, 22.0, 7.3), Waypoint(25.0, -1.0, 7.3)),
        walks=True,
    )
    trips = (
        Trip(ActorSpec("sedan-red", "sedan", RED), stop_at_kerb(halt, 72.0, -24.0)),
        passing("hatch-white", "hatchback", WHITE, 8.0, far=False),
        passing("suv-black", "suv", BLACK, 15.8, far=True),
        passing("scooter", "motorcycle", RED, 22.0, far=False, speed=7.5),
        passing("sedan-silver", "sedan", SILVER, 30.0, far=True),
        walker,
    )
    zone = _strip(3.5, 18.0, far=True)
    return ClipSpec("market-street", scene, trips, stays=(stay,), zone=zone, zone_id="far-kerb", seed=1)


def school_lane() -> ClipSpec:
    """An overcast day: a silver van stands at the near kerb of a street with trees."""
    stay = Stay("van-silver", 4.0, 38.0)
    scene = SceneSpec(
        CameraSpec((-3.5, 8.6, 5.4), (10.5, -3.0, 0.5), 60.0),
        LightSpec(50.0, 30.0, sun=0.0),
        StreetSpec(
            11,
            trees=((4.0, -7.0), (25.0, -6.8), (38.0, -6.8), (33.0, 6.8)),
            lamps=((16.0, -6.3),),
            crossing_x=20.5,
            no_stopping=(4.0, 17.5, -1.0),
            greenery=True,
        ),
        (
            Placed(ActorSpec("parked-hatch", "hatchback", ORANGE), 31.0, NEAR_KERB),
            Placed(ActorSpec("parked-sedan", "sedan", GREY), 37.5, NEAR_KERB),
        ),
    )
    halt = Halt(10.5, NEAR_KERB, NEAR_LANE, stay.from_s, stay.to_s)
    walker = Trip(
        ActorSpec("pupil", "person", (0.05, 0.12, 0.3)),
        (Waypoint(12.0, 2.0, -7.6), Waypoint(34.0, 29.0, -7.4)),
        walks=True,
    )
    cyclist = ActorSpec("cyclist", "bicycle", (0.25, 0.28, 0.3))
    trips = (
        Trip(ActorSpec("van-silver", "van", SILVER), stop_at_kerb(halt, -24.0, 72.0)),
        passing("sedan-blue", "sedan", BLUE, 6.0, far=True),
        passing("scooter", "motorcycle", RED, 15.0, far=True, speed=8.0),
        Trip(cyclist, through(Waypoint(22.0, 60.0, 2.6), -20.0, 5.0)),
        passing("hatch-green", "hatchback", GREEN, 30.8, far=False),
        walker,
    )
    zone = _strip(4.5, 17.0, far=False)
    return ClipSpec("school-lane", scene, trips, stays=(stay,), zone=zone, zone_id="near-kerb", seed=2)


def harbour_road() -> ClipSpec:
    """A low evening sun: a white SUV stands at the far kerb while a truck goes by in front of it."""
    stay = Stay("suv-white", 5.0, 40.5)
    scene = SceneSpec(
        CameraSpec((1.0, -9.0, 7.2), (14.0, 2.0, 0.5), 56.0),
        LightSpec(24.0, -150.0, sun=0.9, warmth=0.3),
        StreetSpec(
            21, trees=((5.0, 6.8), (26.0, 6.8), (37.0, 6.8)), lamps=((22.0, 6.3),), no_stopping=(7.0, 21.0, 1.0)
        ),
        (Placed(ActorSpec("parked-sedan", "sedan", GREY), 30.0, FAR_KERB, 180.0),),
    )
    halt = Halt(14.0, FAR_KERB, FAR_LANE, stay.from_s, stay.to_s)
    truck = ActorSpec("truck-green", "truck", GREEN, second_colour=WHITE)
    walker = Trip(
        ActorSpec("walker", "person", (0.4, 0.05, 0.05)),
        (Waypoint(5.0, 6.0, 7.5), Waypoint(26.0, 34.0, 7.3)),
        walks=True,
    )
    trips = (
        Trip(ActorSpec("suv-white", "suv", WHITE), stop_at_kerb(halt, 72.0, -24.0)),
        Trip(truck, through(Waypoint(10.0, 72.0, FAR_LANE), -24.0, 11.0)),
        passing("sedan-silver", "sedan", SILVER, 21.0, far=True, speed=11.0),
        passing("hatch-orange", "hatchback", ORANGE, 26.0, far=False, speed=11.0),
        passing("scooter", "motorcycle", BLUE, 33.0, far=False, speed=8.0),
        walker,
    )
    zone = _strip(7.5, 20.5, far=True)
    return ClipSpec("harbour-road", scene, trips, stays=(stay,), zone=zone, zone_id="far-kerb", seed=3)


def station_road() -> ClipSpec:
    """Noon, nothing illegal: a car sets somebody down for five seconds, others pass, people walk."""
    scene = SceneSpec(
        CameraSpec((-6.0, 3.5, 6.6), (11.0, -2.0, 0.4), 64.0),
        LightSpec(62.0, 100.0),
        StreetSpec(
            31,
            trees=((22.0, -6.8), (34.0, -6.8), (12.0, 6.8), (24.0, 6.8)),
            lamps=((17.0, -6.3),),
            crossing_x=17.0,
            no_stopping=(2.0, 14.0, -1.0),
            greenery=True,
        ),
        (Placed(ActorSpec("parked-van", "van", WHITE), 28.0, FAR_KERB, 180.0),),
    )
    halt = Halt(8.0, NEAR_KERB, NEAR_LANE, 12.0, 17.0)
    crossing = Trip(
        ActorSpec("walker-crossing", "person", (0.3, 0.3, 0.32)),
        (Waypoint(30.0, 16.6, -7.4), Waypoint(41.0, 16.8, 7.6)),
        walks=True,
    )
    trips = (
        Trip(ActorSpec("taxi", "sedan", (0.45, 0.3, 0.02)), stop_at_kerb(halt, -24.0, 72.0)),
        passing("suv-red", "suv", RED, 4.0, far=True),
        passing("hatch-silver", "hatchback", SILVER, 24.0, far=False),
        passing("van-blue", "van", BLUE, 20.0, far=True),
        passing("sedan-black", "sedan", BLACK, 44.0, far=False),
        crossing,
    )
    zone = _strip(2.5, 13.5, far=False)
    return ClipSpec("station-road", scene, trips, zone=zone, zone_id="near-kerb", seed=4)


def demo_clips() -> tuple[ClipSpec, ...]:
    """All clips of the demo."""
    return market_street(), school_lane(), harbour_road(), station_road()
