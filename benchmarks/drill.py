"""The drill: `kill -9` of the API and of the worker at seeded random moments, while cases are being made."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.bootstrap import create_token, import_cameras
from benchmarks.books import balance, check_packages, read_office, read_worker
from benchmarks.errors import BenchmarkError
from benchmarks.live import STREAMING
from benchmarks.material import Clip, camera_values, many_cameras
from benchmarks.product import Process, Product, free_port, simulate
from benchmarks.report import Figures, Sample, say
from detector.zones import Zone
from evidence.layout import Layout
from streetwarden.cameras_file import CameraConfig
from streetwarden.processes import Child, stop
from streetwarden.serve import api_settings
from streetwarden.settings import Settings

POLL_S = 0.005
READY_TIMEOUT_S = 60.0
FIRST_CASE_TIMEOUT_S = 90.0
HAND_OVER_TIMEOUT_S = 60.0
BLIND, SEALING, HANDING_OVER = "any", "sealing", "handing over"
LATEST_S = {BLIND: 0.0, SEALING: 0.03, HANDING_OVER: 0.15}
"""How long after it is seen an aim still goes on, more or less."""
EVERYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """What is drilled. Lives and times down are drawn between 0 and their longest, from `seed`."""

    clips: Sequence[Clip]
    cameras: int
    kills: int
    seed: int
    longest_life_s: float
    longest_down_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill whom: `life_s` from now, or, with an aim, `late_s` after it is seen (but then by `life_s` too)."""

    victim: str
    aim: str
    life_s: float
    late_s: float
    down_s: float


def draw_moments(plan: DrillPlan) -> list[Moment]:
    """The plan's kills. Half are aimed: a blind kill seldom meets the milliseconds in which a package is sealed."""
    chance = random.Random(plan.seed)  # noqa: S311 - repeatable, guards nothing
    moments = []
    for _ in range(plan.kills):
        # With the aimed ones that makes as many kills of each.
        victim = chance.choice(("api", "api", "worker"))
        aim = chance.choice((BLIND, BLIND, SEALING, HANDING_OVER))
        moments.append(
            Moment(
                victim="worker" if aim == SEALING else victim,
                aim=aim,
                life_s=chance.uniform(0.2, plan.longest_life_s) if aim == BLIND else 2 * plan.longest_life_s,
                late_s=chance.uniform(0.0, LATEST_S[aim]),
                down_s=chance.uniform(0.0, plan.longest_down_s),
            )
        )
    return moments


def run_drill(plan: DrillPlan, folder: Path) -> tuple[Figures, list[Sample]]:
    """Drill, let it come to rest, and compare the books. Raises BenchmarkError when the product never works at all."""
    with ExitStack() as stack:
        house = House(plan, folder, stack)
        house.open()
        seen: dict[str, str] = {}
        samples: list[Sample] = []
        for number, moment in enumerate(draw_moments(plan), start=1):
            sample = house.kill(moment)
            seen.update(read_worker(house.layout).sealed)
            samples.append({"kill": number, **sample, "sealed_so_far": len(seen)})
            say(f"recovery: kill {number} of {plan.kills}: {moment.victim}, {len(seen)} packages sealed so far")
            time.sleep(moment.down_s)
        house.come_to_rest()
    return {**house.balance(seen), **_about_kills(samples)}, samples


class House:
    """Simulator, API and worker as separate processes; the two that are killed start again."""

    def __init__(self, plan: DrillPlan, folder: Path, stack: ExitStack) -> None:
        self._plan = plan
        self._product = Product(folder)
        self._stack = stack
        self._settings = Settings(data_dir=folder)
        self._url = f"http://127.0.0.1:{free_port()}"
        self._token = ""
        self._http = stack.enter_context(httpx.Client(base_url=self._url, timeout=2.0))
        self._killed: set[str] = set()
        self._starting: dict[str, float] = {}
        self._streams_before = 0
        self.died_alone = 0
        self.layout = Layout(folder / "worker")
        self._children = {"api": Child("api", self._start_api), "worker": Child("worker", self._start_worker)}

    def open(self) -> None:
        """Start everything and wait until it works."""
        plan = self._plan
        simulated = simulate(self._product, [clip.path for clip in plan.clips], plan.cameras)
        self._stack.callback(stop, simulated.process, 10)
        cameras = [placed.camera for placed in many_cameras(plan.clips, simulated.urls)]
        office = api_settings(self._settings)
        import_cameras(office, camera_values([staggered(camera, place) for place, camera in enumerate(cameras)]))
        self._token = create_token(office, "drill")
        for child in self._children.values():
            self._stack.callback(child.stop, 10)
        self._ensure()
        self._wait_until("API and worker are there", self._all_are_back, READY_TIMEOUT_S)

    def kill(self, moment: Moment) -> Sample:
        """Start what was killed before, wait for the moment, kill, and say what the kill met."""
        back = self._live_until(moment)
        child = self._children[moment.victim]
        met = {
            "victim": moment.victim,
            "aim": moment.aim,
            "while_sealing": any(_entries(self.layout.building)),
            "while_handing_over": self._hands_over(),
            **back,
        }
        if child.process is not None:
            os.kill(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self._killed.add(moment.victim)
        self._starting.pop(moment.victim, None)
        return met

    def come_to_rest(self) -> None:
        """Let everything run until there is something to count, then end in order, the worker first."""
        self._ensure()
        self._wait_until("API and worker are back", self._all_are_back, READY_TIMEOUT_S)
        self._wait_until("an incident is confirmed", self._has_confirmed, FIRST_CASE_TIMEOUT_S)
        self._wait_until("nothing waits", lambda: self._unsent() == 0, HAND_OVER_TIMEOUT_S)
        self._children["worker"].stop(HAND_OVER_TIMEOUT_S)
        self._children["api"].stop(10)

    def balance(self, seen: dict[str, str]) -> Figures:
        """The books of both sides, and the packages themselves."""
        worker = read_worker(self.layout)
        office = read_office(api_settings(self._settings).data_dir / "streetwarden.sqlite3")
        report = check_packages(worker, self._settings.keys_dir / "registry.json")
        return {
            **balance(worker, office, seen),
            "bad_packages": sum(not package.ok for package in report.packages),
            "chain_problems": len(report.chain_problems),
            "half_made": len(_entries(self.layout.building)),
            "died_alone": self.died_alone,
        }

    def answers(self) -> bool:
        """Whether the API is up."""
        try:
            return self._http.get("/healthz").is_success
        except httpx.HTTPError:
            return False

    def _start_api(self) -> Process:
        return self._product.spawn("serve", "--port", self._url.rpartition(":")[2])

    def _start_worker(self) -> Process:
        return self._product.spawn("worker", "--api", self._url, STREETWARDEN_TOKEN=self._token)

    def _live_until(self, moment: Moment) -> Sample:
        """Pass the life of this moment; how long those that were started again took to be back, if they were."""
        self._ensure()
        back: Sample = {}
        end = time.monotonic() + moment.life_s
        while time.monotonic() < end and not self._is_seen(moment.aim):
            back |= {f"{name}_back_s": seconds for name, seconds in self._who_is_back()}
            time.sleep(POLL_S)
        time.sleep(moment.late_s)
        return back

    def _who_is_back(self) -> Iterator[tuple[str, float]]:
        """Those that work now and did not at the last question, and the seconds since they were started."""
        for name, is_back in (("api", self.answers), ("worker", lambda: self._streams() > self._streams_before)):
            if name in self._starting and is_back():
                yield name, round(time.monotonic() - self._starting.pop(name), 3)

    def _all_are_back(self) -> bool:
        list(self._who_is_back())
        return not self._starting

    def _ensure(self) -> None:
        """Start what does not run. What was not killed and ended all the same is counted against the product."""
        for name, child in self._children.items():
            self.died_alone += child.is_dead() and name not in self._killed
            if name == "worker" and child.is_dead():
                self._streams_before = self._streams()
            if child.ensure():
                self._starting[name] = time.monotonic()
        self._killed.clear()

    def _is_seen(self, aim: str) -> bool:
        if aim == SEALING:
            return any(_entries(self.layout.building))
        return aim == HANDING_OVER and self._hands_over()

    def _hands_over(self) -> bool:
        """A package is sealed and not yet acknowledged, and the API is there to take it."""
        return "api" not in self._starting and not self._children["api"].is_dead() and self._unsent() > 0

    def _unsent(self) -> int:
        sent = {path.name for path in _entries(self.layout.sent)}
        return sum(f"package-{folder.name}.json" not in sent for folder in _entries(self.layout.packages))

    def _has_confirmed(self) -> bool:
        """An incident's state was written down for the office: there is, or will be, a package."""
        return any(
            path.name.startswith("incident-") for path in (*_entries(self.layout.sent), *_entries(self.layout.waiting))
        )

    def _streams(self) -> int:
        log = self._product.log
        return log.read_text(encoding="utf-8", errors="replace").count(STREAMING) if log.exists() else 0

    def _wait_until(self, what: str, ready: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not ready():
            self._ensure()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"waited {timeout_s:.0f} s in vain until {what}: {self._product.last_words()}")
            time.sleep(0.05)


def staggered(camera: CameraConfig, place: int) -> CameraConfig:
    """The camera with one zone over all of the picture, in which far vehicles count too.

    Limits differ, so that packages are sealed for as long as the worker lives.
    """
    limits = {"dwell_seconds": 1.0 + 1.3 * place, "min_size": 0.0, "gap_seconds": 1.0}
    rules = [{"kind": "illegal_parking", **limits}]
    zone = Zone.model_validate({"id": "everywhere", "class": "prohibited", "polygon": EVERYWHERE, "rules": rules})
    return camera.model_copy(update={"zones": (zone,)})


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _about_kills(samples: Sequence[Sample]) -> Figures:
    return {
        "kills": len(samples),
        "kills_of_api": sum(sample["victim"] == "api" for sample in samples),
        "kills_of_worker": sum(sample["victim"] == "worker" for sample in samples),
        "kills_while_sealing": sum(sample["while_sealing"] for sample in samples),
        "kills_while_handing_over": sum(sample["while_handing_over"] for sample in samples),
    }
