"""What is decoded of a camera: key frames at rest, pictures in order while something moves, nothing in vain."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from streams.demand import Demand
from streams.run import DecodingRun
from streams.timeline import SECOND_NS
from tests.streams.scenes import LiveCamera, Packet, Scene, make_scene, packets_of, steps_of

AT_REST = Demand(5.0, 5.0)
MOVING_FROM_S, MOVING_TO_S = 9.0, 12.0


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    """30 s at 10 pictures a second, a key frame every 2 s; something crosses from second 9 to 12."""
    scene = Scene(30.0, MOVING_FROM_S, MOVING_TO_S)
    return packets_of(make_scene(tmp_path_factory.mktemp("scene") / "crossing.mp4", scene))


def runs_alive() -> int:
    """How many runs of decoding there are; those of other tests that wait for the collector are none."""
    gc.collect()
    return sum(type(each) is DecodingRun for each in gc.get_objects())


def test_at_rest_key_frames_are_looked_at_in_time_and_no_other_is_decoded(crossing: list[Packet]) -> None:
    camera = LiveCamera(AT_REST).play(crossing)
    assert camera.times_s == [0, 4, 8, 12, 16, 20, 24, 28]
    assert all(frame.is_keyframe for frame in camera.frames)
    assert camera.reader.counts().decoded == 8


def test_motion_that_only_a_key_frame_tells_brings_the_pictures_before_it_too(
    crossing: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = LiveCamera(Demand(5.0, 0.5, look_back_s=2.0, peek_interval_s=2.0))
    # A constant bit rate: nothing can be told from the sizes of packets.
    monkeypatch.setattr(camera.reader._activity, "take", lambda *_, **__: False)
    camera.play(crossing)
    assert camera.reader.gate_health().announced == 0
    assert {9.0, 9.5, 10.0, 10.5, 11.0, 11.5, 12.0} <= set(camera.times_s)
    assert camera.times_s == sorted(set(camera.times_s))


def test_a_peek_at_a_place_where_nothing_moves_hands_nothing_on(crossing: list[Packet]) -> None:
    still = [each for each in crossing if each[1].pts_ns < MOVING_FROM_S * SECOND_NS]
    camera = LiveCamera(Demand(5.0, 0.5, look_back_s=2.0, peek_interval_s=2.0)).play(still)
    assert camera.times_s == [0, 4, 8]
    assert camera.reader.counts().decoded == 5


def test_a_late_look_takes_the_newest_key_frame(crossing: list[Packet]) -> None:
    camera = LiveCamera(AT_REST).play(crossing[:30]).play(crossing[30:175], read=False)
    assert [frame.pts_ns for frame in camera.look()] == [16 * SECOND_NS]
    assert camera.reader.counts().decoded == 2


def test_when_a_look_is_due_is_known_beforehand(crossing: list[Packet]) -> None:
    camera = LiveCamera(AT_REST).play(crossing[:25])
    assert camera.reader.due_at_ns(camera.now_ns) == 4 * SECOND_NS
    camera.play(crossing[25:60], read=False)
    assert camera.reader.due_at_ns(camera.now_ns) == 4 * SECOND_NS


def test_motion_brings_pictures_in_order_from_before_it_began(crossing: list[Packet]) -> None:
    camera = LiveCamera(Demand(5.0, 0.5, look_back_s=1.0)).play(crossing)
    before = [time for time in camera.times_s if time <= MOVING_FROM_S - 1]
    during = [time for time in camera.times_s if MOVING_FROM_S - 0.5 <= time <= MOVING_TO_S]
    assert before == [0, 4, 8]
    assert during[0] <= MOVING_FROM_S
    assert set(steps_of(during)) == {0.5}
    after = [time for time in camera.times_s if time > MOVING_TO_S + 3.5]
    assert after
    assert min(steps_of(after)) >= 4
    assert camera.times_s == sorted(set(camera.times_s))


def test_motion_wakes_the_scheduler_and_is_due_at_once(crossing: list[Packet]) -> None:
    camera = LiveCamera(Demand(60.0, 0.5))
    at_s = None
    for parameters, packet in crossing:
        woken = camera.woken
        camera.take(parameters, packet)
        if camera.woken > woken and packet.pts_ns > 2 * SECOND_NS and at_s is None:
            at_s = packet.pts_ns / SECOND_NS
            due_ns = camera.reader.due_at_ns(camera.now_ns)
            assert due_ns is not None
            assert due_ns <= camera.now_ns
        camera.look()
    assert at_s is not None
    assert MOVING_FROM_S < at_s < MOVING_FROM_S + 1


def test_motion_wakes_nobody_where_it_changes_nothing(crossing: list[Packet]) -> None:
    assert LiveCamera(AT_REST).play(crossing).woken == 1


def test_full_rate_while_something_moves(crossing: list[Packet]) -> None:
    camera = LiveCamera(Demand(5.0, 0.0)).play(crossing)
    during = [time for time in camera.times_s if MOVING_FROM_S + 0.2 <= time <= MOVING_TO_S]
    assert set(steps_of(during)) == {0.1}


def test_a_limit_cuts_reading_and_nothing_is_lost(crossing: list[Packet]) -> None:
    camera = LiveCamera(Demand(5.0, 0.0))
    camera.play(crossing[:95])
    for parameters, packet in crossing[95:160]:
        camera.take(parameters, packet)
    assert len(camera.reader.read(camera.now_ns, 3)) == 3
    rest = [frame for _ in range(30) for frame in camera.reader.read(camera.now_ns, 3)]
    assert set(steps_of([frame.pts_ns / SECOND_NS for frame in rest[:20]])) == {0.1}


def test_nothing_wanted_nothing_decoded(crossing: list[Packet]) -> None:
    camera = LiveCamera(None).play(crossing)
    assert camera.reader.due_at_ns(camera.now_ns) is None
    assert camera.reader.read(camera.now_ns, 4) == []
    assert camera.reader.counts().decoded == 0
    assert camera.ring.latest_pts_ns == crossing[-1][1].pts_ns


def test_a_demand_may_change_at_any_time(crossing: list[Packet]) -> None:
    camera = LiveCamera(AT_REST).play(crossing[:50])
    camera.reader.set_demand(Demand(0.2, 0.2))
    camera.play(crossing[50:80])
    assert set(steps_of(camera.times_s[3:])) == {0.2}
    camera.reader.set_demand(AT_REST)
    camera.play(crossing[80:])
    assert set(steps_of(camera.times_s[-3:])) == {4.0}


def test_who_no_longer_wants_anything_holds_no_decoder(crossing: list[Packet]) -> None:
    camera = LiveCamera(Demand(0.2, 0.2)).play(crossing[:50])
    before = runs_alive()
    camera.reader.set_demand(None)
    assert runs_alive() == before - 1
    assert camera.reader.due_at_ns(camera.now_ns) is None


def test_a_damaged_key_frame_is_counted_and_the_next_one_looked_at(crossing: list[Packet]) -> None:
    harmed = [
        (parameters, replace(packet, data=packet.data[:200] + bytes(len(packet.data) - 200)))
        if index == 40
        else (parameters, packet)
        for index, (parameters, packet) in enumerate(crossing)
    ]
    camera = LiveCamera(AT_REST).play(harmed)
    assert camera.times_s[:3] == [0, 6, 10]
    assert sum(camera.reader.counts().drops.values()) == 1


def test_the_first_picture_after_an_interruption_is_due_at_once(crossing: list[Packet]) -> None:
    camera = LiveCamera(Demand(60.0, 60.0)).play(crossing[:25])
    camera.reader.interrupt()
    camera.play(crossing[40:60])
    assert camera.times_s == [0, 4]


def test_a_reader_that_is_left_behind_goes_on_with_what_is_new(crossing: list[Packet]) -> None:
    camera = LiveCamera(Demand(0.5, 0.5)).play(crossing[:30])
    camera.play(crossing[30:], read=False).look()
    assert camera.reader.counts().drops["overrun"] > 0
    assert camera.times_s[-1] >= 29
    assert camera.times_s == sorted(set(camera.times_s))
