"""The host's clock is asked of a real time server on loopback; what cannot be believed is unknown, in words."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from evidence import sntp
from evidence.errors import ClockError
from evidence.host_clock import HostClockSettings, HostClockWatch, ask_chrony, read_tracking
from streams.clock import SimulatedClock, SystemClock

SECOND_NS = 1_000_000_000
NTP_EPOCH_S = 2_208_988_800


@dataclass
class TimeServer:
    """Answers as one whose clock says `utc_ns()`; `twist` changes the answer on its way out."""

    utc_ns: Callable[[], int]
    twist: Callable[[bytes], bytes] = bytes
    questions: int = 0
    address: str = field(default="")

    def answer(self, question: bytes) -> bytes:
        self.questions += 1
        now_ns = self.utc_ns()
        seconds, rest = divmod(now_ns, SECOND_NS)
        stamp = ((seconds + NTP_EPOCH_S) & 0xFFFFFFFF, (rest << 32) // SECOND_NS)
        head = struct.pack("!BBbbII4s", 0x24, 2, 6, -20, 0x100, 0x80, b"LOCL")
        return self.twist(head + struct.pack("!2I", *stamp) + question[40:48] + struct.pack("!4I", *stamp, *stamp))


@contextmanager
def serving(server: TimeServer) -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0))
        channel.settimeout(0.05)
        stopping = threading.Event()

        def run() -> None:
            while not stopping.is_set():
                try:
                    question, address = channel.recvfrom(512)
                except TimeoutError:
                    continue
                channel.sendto(server.answer(question), address)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"127.0.0.1:{channel.getsockname()[1]}"
        finally:
            stopping.set()
            thread.join()


@pytest.mark.parametrize("now_s", [1_780_000_000, 2_085_978_495, 2_085_978_497, 4_000_000_000])
@pytest.mark.parametrize("ahead_ms", [-1500, 0, 250])
def test_the_offset_is_how_far_the_host_is_ahead_in_every_era(now_s: int, ahead_ms: int) -> None:
    clock = SimulatedClock(now_s * SECOND_NS + ahead_ms * 1_000_000)
    with serving(TimeServer(lambda: now_s * SECOND_NS)) as address:
        sample = sntp.query(address, clock, 5.0)
    assert abs(sample.offset_ns - ahead_ms * 1_000_000) < 10
    assert sample.method == f"SNTP {address}"
    assert abs(sample.measured_at_ns - now_s * SECOND_NS) < 10
    # The server's own root delay (1/256 s, half of it) and dispersion (1/512 s).
    assert sample.uncertainty_ns == pytest.approx(3_906_250, abs=2)


TWISTS: dict[str, Callable[[bytes], bytes]] = {
    "short": lambda data: data[:20],
    "to another question": lambda data: data[:24] + bytes(8) + data[32:],
    "no server": lambda data: bytes([0x23]) + data[1:],
    "alarm": lambda data: bytes([0xE4]) + data[1:],
    "kiss of death": lambda data: data[:1] + b"\0" + data[2:],
    "stratum 16": lambda data: data[:1] + b"\x10" + data[2:],
}


@pytest.mark.parametrize("name", TWISTS)
def test_an_answer_that_cannot_be_believed_is_refused(name: str) -> None:
    with (
        serving(TimeServer(lambda: 0, TWISTS[name])) as address,
        pytest.raises(ClockError, match=address),
    ):
        sntp.query(address, SimulatedClock(SECOND_NS), 5.0)


def test_no_answer_ends_in_time_and_the_state_says_unknown() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        watch = HostClockWatch(SystemClock(), HostClockSettings((address,), timeout_s=0.05))
        assert watch.state.method == "unknown: not measured yet"
        watch.measure()
    assert watch.state.offset_ns is None
    assert watch.state.method.startswith(f"unknown: {address}: no answer")


def test_the_next_server_is_asked_and_the_drift_comes_with_time() -> None:
    begun_ns = 1_780_000_000 * SECOND_NS
    clock = SimulatedClock(begun_ns)
    # The host's clock gains 50 parts in a million against the server.
    server = TimeServer(lambda: begun_ns + round(clock.monotonic_ns() * (1 - 50e-6)))
    with serving(server) as address, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        away = f"127.0.0.1:{silent.getsockname()[1]}"
        watch = HostClockWatch(clock, HostClockSettings((away, address), timeout_s=0.05))
        for _ in range(5):
            watch.measure()
            clock.advance(60.0)
    assert server.questions == 5
    assert watch.state.method == f"SNTP {address}"
    assert watch.state.drift_ppm == pytest.approx(50.0, abs=0.1)
    clock.advance(7200.0)
    assert watch.state.offset_ns is None
    assert "the last measurement is" in watch.state.method


def test_the_thread_measures_by_itself_until_it_is_stopped() -> None:
    server = TimeServer(lambda: 1_780_000_000 * SECOND_NS)
    with serving(server) as address:
        watch = HostClockWatch(
            SimulatedClock(1_780_000_000 * SECOND_NS), HostClockSettings((address,), every_s=0.01, timeout_s=10.0)
        )
        watch.start()
        while server.questions < 3:
            time.sleep(0.01)
        watch.stop()
        asked = server.questions
        assert watch.state.offset_ns is not None
    assert server.questions == asked


CHRONY = (
    "A29FC87B,time.example,3,1780000000.1,0.002500000,0.0001,0.0002,-3.2,0.01,0.1,0.020000000,0.001000000,64.5,Normal"
)


def test_chrony_s_tracking_is_read_with_its_sign() -> None:
    sample = read_tracking(CHRONY + "\n", 10**18)
    assert (sample.offset_ns, sample.uncertainty_ns) == (-2_500_000, 11_000_000)
    assert sample.method == "chrony, following time.example"


@pytest.mark.parametrize("line", ["", "506 Cannot talk to daemon", CHRONY.replace("Normal", "Not synchronised")])
def test_chrony_without_a_source_is_unknown(line: str) -> None:
    with pytest.raises(ClockError, match="follows no time server"):
        read_tracking(line, 0)
    with pytest.raises(ClockError, match="numbers"):
        read_tracking(CHRONY.replace("0.002500000", "nan"), 0)


@pytest.mark.parametrize("program", [("chronyc-that-nobody-has",), ("false",)])
def test_a_machine_without_chrony_says_so(program: tuple[str, ...]) -> None:
    with pytest.raises(ClockError, match="no time server is configured"):
        ask_chrony(SystemClock(), program)
