"""Whatever file operation fails, and wherever the process dies: a package is there whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evidence.disk import Disk
from evidence.recorder import RecorderSettings
from evidence.verify import BatchReport, verify_packages
from streams.clock import SimulatedClock
from streams.ring import PacketRing
from tests.evidence import support
from tests.evidence.faults import FaultyDisk, PowerCut, disk_full
from tests.evidence.recording import CAMERA, SECOND_NS, incident, recorder, seal

NOTHING_FAILS = None


def packages(root: Path) -> list[Path]:
    return sorted((root / "packages").iterdir())


def demand_sound(root: Path) -> BatchReport:
    report = verify_packages(packages(root), support.registry(), whole=True)
    assert [str(problem) for package in report.packages for problem in package.problems] == []
    assert report.chain_problems == ()
    assert list((root / "building").iterdir()) == []
    return report


def test_after_a_power_cut_at_any_operation_the_package_is_whole_or_absent_and_the_chain_goes_on(
    tmp_path: Path, ring: PacketRing
) -> None:
    counting = FaultyDisk(NOTHING_FAILS, PowerCut)
    seal(tmp_path / "before", ring, 7)
    shutil.copytree(tmp_path / "before", tmp_path / "counting")
    seal(tmp_path / "counting", ring, 1, disk=counting)
    outcomes = set()
    for fail_at in range(1, counting.operations + 1):
        root = tmp_path / str(fail_at)
        shutil.copytree(tmp_path / "before", root)
        cut_at(root, ring, fail_at)
        outcomes.add(len(packages(root)))
        seal(root, ring, 1)
        report = demand_sound(root)
        assert len(report.packages) == 2
    assert outcomes == {1, 2}


def cut_at(root: Path, ring: PacketRing, fail_at: int) -> None:
    """A second run that dies at the operation of that number (the first run has made some folders already)."""
    try:
        seal(root, ring, 1, disk=FaultyDisk(fail_at, PowerCut))
    except PowerCut:
        return
    raise AssertionError("nothing failed")


def test_a_power_cut_while_recovering_from_one_is_no_harm(tmp_path: Path, ring: PacketRing) -> None:
    for fail_at in range(1, 12):
        root = tmp_path / str(fail_at)
        seal(root, ring, 1)
        (root / "chain" / "kerb-1.json").unlink()
        (root / "building" / "half" / "data").mkdir(parents=True)
        with contextlib.suppress(PowerCut):
            recorder(root, disk=FaultyDisk(fail_at, PowerCut)).close()
        seal(root, ring, 2)
        assert len(demand_sound(root).packages) == 2


def test_a_full_disk_gives_one_clear_error_and_the_package_comes_when_there_is_room(
    tmp_path: Path, ring: PacketRing, caplog: pytest.LogCaptureFixture
) -> None:
    counting = FaultyDisk(NOTHING_FAILS, disk_full)
    seal(tmp_path / "counting", ring, 1, disk=counting)
    for fail_at in range(opening_operations(tmp_path) + 1, counting.operations + 1):
        root, clock = tmp_path / str(fail_at), SimulatedClock(support.SEALED_AT_NS)
        caplog.clear()
        made = recorder(root, clock, disk=FaultyDisk(fail_at, disk_full))
        made.observe([incident(1)], ring, 6 * SECOND_NS, CAMERA)
        made.observe([], ring, 12 * SECOND_NS, CAMERA)
        assert made.stats.sealed + made.stats.waiting == 1
        if made.stats.waiting:
            assert [record.levelno for record in caplog.records] == [logging.ERROR]
            assert "No space left on device" in caplog.text
            assert packages(root) == []
            assert list((root / "building").iterdir()) == []
        clock.advance(2.0)
        made.tick()
        assert (made.stats.sealed, made.stats.waiting, made.stats.lost) == (1, 0, 0)
        made.close()
        seal(root, ring, 2)
        assert len(demand_sound(root).packages) == 2


def opening_operations(tmp_path: Path) -> int:
    """How many operations opening the store takes: a disk that fails there is told to the caller."""
    disk = FaultyDisk(NOTHING_FAILS, disk_full)
    recorder(tmp_path / "opening", disk=disk).close()
    return disk.operations


def test_a_disk_that_stays_full_ends_in_a_counted_loss_and_leaves_nothing(
    tmp_path: Path, ring: PacketRing, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SimulatedClock(support.SEALED_AT_NS)
    disk = FaultyDisk(opening_operations(tmp_path) + 3, disk_full, lasting=True)
    made = recorder(tmp_path / "full", clock, disk=disk, settings=RecorderSettings(attempts=3))
    made.observe([incident(1)], ring, 12 * SECOND_NS, CAMERA)
    for _ in range(5):
        clock.advance(60.0)
        made.tick()
    assert (made.stats.sealed, made.stats.failed_attempts, made.stats.lost, made.stats.waiting) == (0, 3, 1, 0)
    assert "has no package: No space left on device, after 3 attempts" in caplog.text
    made.close()
    seal(tmp_path / "full", ring, 2)
    assert len(demand_sound(tmp_path / "full").packages) == 1


def test_what_waits_for_room_is_bounded(tmp_path: Path, ring: PacketRing) -> None:
    disk = FaultyDisk(opening_operations(tmp_path) + 1, disk_full, lasting=True)
    settings = RecorderSettings(max_waiting_bytes=1)
    made = recorder(tmp_path / "full", disk=disk, settings=settings)
    made.observe([incident(number) for number in range(1, 6)], ring, 12 * SECOND_NS, CAMERA)
    assert (made.stats.waiting, made.stats.lost) == (1, 4)
    made.close()


def test_a_stale_chain_head_is_brought_up_to_the_packages(tmp_path: Path, ring: PacketRing) -> None:
    seal(tmp_path, ring, 1)
    head = (tmp_path / "chain" / "kerb-1.json").read_bytes()
    seal(tmp_path, ring, 2)
    (tmp_path / "chain" / "kerb-1.json").write_bytes(head)
    seal(tmp_path, ring, 3)
    assert len(demand_sound(tmp_path).packages) == 3


def test_packages_that_were_cleared_away_do_not_roll_the_chain_back(tmp_path: Path, ring: PacketRing) -> None:
    seal(tmp_path, ring, 1, 2)
    for folder in packages(tmp_path):
        Disk().remove(folder)
    seal(tmp_path, ring, 3)
    (report,) = verify_packages(packages(tmp_path), support.registry()).packages
    assert report.link is not None
    assert report.link.place.sequence == 3


SEALING_PROCESS = """
import sys
from pathlib import Path
from tests.evidence.recording import CAMERA, SECOND_NS, filled_ring, incident, recorder

root, clip, first = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
ring = filled_ring(clip)
made = recorder(root)
print("ready", flush=True)
for number in range(first, first + 100_000):
    made.observe([incident(number)], ring, 6 * SECOND_NS, CAMERA)
    made.flush()
"""


def test_kill_9_at_random_moments_loses_nothing_that_was_sealed(tmp_path: Path, clip: Path) -> None:
    root, before = tmp_path / "out", 0
    for round_number in range(4):
        command = [sys.executable, "-c", SEALING_PROCESS, str(root), str(clip), str(1 + round_number * 100_000)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.13 + 0.037 * round_number)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        recorder(root).close()
        count = len(demand_sound(root).packages)
        assert count >= before
        before = count
    assert before > 0
