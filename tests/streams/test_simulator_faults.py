"""Every fault on the real wire: it comes when ordered, does what it says, and goes again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from streams.container import SourcePacket
from streams.decode import ImageConverter, PictureDecoder
from streams.demand import Demand
from streams.errors import SimulatorError, SourceError
from streams.fitness import PictureState
from streams.frame import Image, TimeSource
from streams.h264 import PictureNumbers
from streams.packet import EncodedPacket
from streams.simulator import Fault, FaultKind, FaultPlan, SimulatedCamera, Simulator
from streams.source import CameraSource
from streams.timeline import SECOND_NS
from tests.streams.clips import make_clip, number_of
from tests.streams.fitness_scenes import demo_clip
from tests.streams.simulator_scenes import next_few, opens, read, until
from tests.streams.watching import Watched

NAMES = [f"cam-{number}" for number in range(1, 4)]
RATE = 20


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Three cameras of a clip of two seconds with a key frame a second."""
    folder = tmp_path_factory.mktemp("faults")
    clip = make_clip(folder / "clip.mp4", 2 * RATE, rate=RATE, gop=RATE)
    with Simulator([SimulatedCamera(name, clip) for name in NAMES], cache=folder / "cache") as simulator:
        yield simulator


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    """The first camera, well again afterwards."""
    yield simulator.url("cam-1")
    simulator.clear("cam-1")


def picture_of(packets: Iterator[SourcePacket]) -> Image:
    """The next key frame, decoded."""
    packet = until(packets, lambda each: each.is_keyframe)
    decoder = PictureDecoder(packet.parameters)
    return ImageConverter().image(decoder.decode_alone(encoded(packet))[0])


def test_cut_closes_refuses_and_comes_back(simulator: Simulator, url: str) -> None:
    packets = read(url)
    next_few(packets, 3)
    simulator.inject("cam-1", Fault(FaultKind.CUT))
    with pytest.raises((SourceError, AssertionError)):
        until(packets, lambda _: False)
    assert opens(url)
    assert opens(simulator.url("cam-2")) == ""
    simulator.clear("cam-1", FaultKind.CUT)
    assert opens(url) == ""


def test_half_open_stays_connected_and_silent(simulator: Simulator, url: str) -> None:
    packets = read(url)
    next_few(packets, 3)
    simulator.inject("cam-1", Fault(FaultKind.HALF_OPEN))
    # Silent, not closed: the reader gave up, the simulator kept the connection.
    with pytest.raises(SourceError, match="silent"):
        until(packets, lambda _: False)
    assert opens(url)
    simulator.clear("cam-1")
    assert opens(url) == ""


def test_auth_cuts_off_and_asks_for_a_password_that_nobody_has(simulator: Simulator, url: str) -> None:
    simulator.inject("cam-1", Fault(FaultKind.AUTH))
    assert "refuses this user name" in opens(url)
    simulator.clear("cam-1")
    assert opens(url) == ""


def test_the_clock_of_sender_reports_is_wrong(simulator: Simulator, url: str) -> None:
    simulator.inject("cam-1", Fault(FaultKind.CLOCK, -3.0))
    packet = until(read(url), lambda each: each.sender_wall_ns is not None)
    assert packet.sender_wall_ns is not None
    assert -3.9 < (packet.sender_wall_ns - packet.arrival_wall_ns) / SECOND_NS < -2.9


def test_another_resolution_comes_and_goes_in_the_stream(simulator: Simulator, url: str) -> None:
    packets = read(url)
    usual = next(packets).parameters.width
    simulator.inject("cam-1", Fault(FaultKind.RESOLUTION))
    changed = until(packets, lambda each: each.parameters.width != usual)
    assert changed.parameters.width == usual // 2
    assert changed.is_keyframe
    simulator.clear("cam-1")
    assert until(packets, lambda each: each.parameters.width == usual).is_keyframe


def test_another_codec_is_another_session(simulator: Simulator, url: str) -> None:
    packets = read(url)
    next_few(packets, 3)
    simulator.inject("cam-1", Fault(FaultKind.CODEC))
    with pytest.raises((SourceError, AssertionError)):
        until(packets, lambda _: False)
    assert next(read(url)).parameters.codec == "hevc"
    simulator.clear("cam-1")
    assert next(read(url)).parameters.codec == "h264"


def test_no_key_frame_comes_after_the_first_and_pictures_stay_whole(simulator: Simulator, url: str) -> None:
    simulator.inject("cam-1", Fault(FaultKind.NO_KEYFRAME))
    seen = next_few(read(url), 5 * RATE)
    assert [packet.is_keyframe for packet in seen] == [True] + [False] * (5 * RATE - 1)
    decoder, numbers = PictureDecoder(seen[0].parameters), PictureNumbers(seen[0].parameters.extradata)
    assert not any(numbers.observe(packet.data, is_keyframe=packet.is_keyframe) for packet in seen)
    shown = [number_of(ImageConverter().image(picture)) for each in seen for picture in decoder.decode(encoded(each))]
    # Over the clip's seam as well.
    assert all((later - earlier) % (2 * RATE) in (1, 2) for earlier, later in pairwise(shown))


def encoded(packet: SourcePacket) -> EncodedPacket:
    pts_ns = packet.pts_ns or 0
    return EncodedPacket(pts_ns, pts_ns, 0, 0, packet.is_keyframe, packet.data, TimeSource.HOST)


def test_black_is_black_and_freeze_stands_still(simulator: Simulator, url: str) -> None:
    packets = read(url)
    next_few(packets, 3)
    simulator.inject("cam-1", Fault(FaultKind.BLACK))
    until(packets, lambda each: each.is_keyframe and len(each.data) < 2_000)
    assert picture_of(packets).mean() < 3
    simulator.clear("cam-1")
    simulator.inject("cam-1", Fault(FaultKind.FREEZE))
    for _ in range(2):
        until(packets, lambda each: each.is_keyframe)
    frozen = next_few(packets, 2 * RATE)
    assert sum(len(packet.data) < 100 for packet in frozen) >= RATE
    assert number_of(picture_of(packets)) == number_of(picture_of(packets))


def test_the_reader_names_what_it_sees_and_when_it_is_over(tmp_path: Path) -> None:
    clip = demo_clip("school-lane")
    with Simulator([SimulatedCamera("cam", clip)], cache=tmp_path) as simulator:
        simulator.prepare("cam", FaultKind.BLACK)
        with Watched(CameraSource("cam", simulator.url("cam")), Demand(1.0, 1.0)) as stream:
            stream.wait_for_frames(2)
            simulator.inject("cam", Fault(FaultKind.BLACK))
            stream.wait_for(lambda _: stream.frames[-1].fitness.state is PictureState.BLACK)
            simulator.clear("cam")
            stream.wait_for(lambda _: stream.frames[-1].fitness.is_fit)
            assert {frame.fitness.state for frame in stream.frames} == {PictureState.FIT, PictureState.BLACK}


@pytest.mark.parametrize("kind", [FaultKind.COVERED, FaultKind.OVEREXPOSED, FaultKind.MOVED, FaultKind.SMEAR_ENCODED])
def test_other_pictures_keep_the_timeline(simulator: Simulator, url: str, kind: FaultKind) -> None:
    packets = read(url)
    usual = picture_of(packets)
    simulator.inject("cam-1", Fault(kind))
    seen = next_few(packets, 3 * RATE)
    times = [packet.pts_ns for packet in seen if packet.pts_ns is not None]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert max(later - earlier for earlier, later in pairwise(times)) < SECOND_NS
    assert picture_of(packets).shape == usual.shape


def test_loss_shows_as_gaps_over_udp_and_as_missing_units_over_tcp(simulator: Simulator, url: str) -> None:
    simulator.inject("cam-1", Fault(FaultKind.LOSS, 0.3))
    before = simulator.traffic.packets_lost
    for transport in ("tcp", "udp"):
        next_few(read(url, transport), 2 * RATE)
        assert simulator.traffic.packets_lost > before
        before = simulator.traffic.packets_lost


def test_smear_keeps_key_frames_and_drops_what_others_are_made_of(simulator: Simulator, url: str) -> None:
    simulator.inject("cam-1", Fault(FaultKind.SMEAR, 0.5))
    seen = next_few(read(url), 3 * RATE)
    keys = [packet.pts_ns for packet in seen if packet.is_keyframe and packet.pts_ns is not None]
    assert len(keys) >= 3
    assert {later - earlier for earlier, later in pairwise(keys)} == {SECOND_NS}
    assert (seen[-1].pts_ns or 0) - (seen[0].pts_ns or 0) > 4 * SECOND_NS


def test_jitter_delays_but_keeps_the_order(simulator: Simulator, url: str) -> None:
    simulator.inject("cam-1", Fault(FaultKind.JITTER, 0.5))
    seen = next_few(read(url), 2 * RATE)
    shown = [packet.pts_ns or 0 for packet in seen]
    assert shown == sorted(shown)
    delays = [packet.arrival_ns - shown_ns for packet, shown_ns in zip(seen, shown, strict=True)]
    assert max(delays) - min(delays) > 0.1 * SECOND_NS


def test_a_thin_line_brings_less_but_brings_it_in_whole_pictures(simulator: Simulator, url: str) -> None:
    simulator.inject("cam-1", Fault(FaultKind.SLOW, 0.1))
    before = simulator.traffic.pictures_skipped
    began, packets, seen = time.monotonic(), read(url, timeout_s=5.0), 0
    for packet in packets:
        seen += len(packet.data) > 0
        if simulator.traffic.pictures_skipped > before:
            break
    assert seen / (time.monotonic() - began) < RATE / 2


def test_the_latest_fault_of_the_picture_shows_and_an_ended_one_uncovers_it(simulator: Simulator) -> None:
    simulator.inject("cam-3", Fault(FaultKind.BLACK))
    simulator.inject("cam-3", Fault(FaultKind.CLOCK))
    simulator.inject("cam-3", Fault(FaultKind.RESOLUTION))
    assert [fault.kind for fault in simulator.faults("cam-3")] == ["black", "clock", "resolution"]
    simulator.clear("cam-3", FaultKind.RESOLUTION)
    assert picture_of(read(simulator.url("cam-3"))).mean() < 3
    simulator.clear("cam-3")
    assert simulator.faults("cam-3") == ()


def test_planned_faults_come_and_go_by_themselves(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", RATE, rate=RATE)
    plan = FaultPlan.parse("auth@cam-2:every=2s,for=1s,after=0.5s")
    cameras = [SimulatedCamera(name, clip) for name in NAMES]
    with Simulator(cameras, faults=[plan]) as simulator:
        answers: set[bool] = set()
        deadline = time.monotonic() + 20
        while len(answers) < 2 and time.monotonic() < deadline:
            answers.add(opens(simulator.url("cam-2")) == "")
            assert simulator.faults("cam-1") == ()
        assert answers == {True, False}


def test_bad_orders_are_one_line(simulator: Simulator, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", RATE, rate=RATE)
    with pytest.raises(SimulatorError, match="no simulated camera is called 'x'"):
        simulator.inject("x", Fault(FaultKind.CUT))
    with pytest.raises(SimulatorError, match="no camera is called x"):
        Simulator([SimulatedCamera("a", clip)], faults=[FaultPlan.parse("cut@x")])
    with pytest.raises(SimulatorError, match="not running"):
        Simulator([SimulatedCamera("a", clip)]).clear("a")
