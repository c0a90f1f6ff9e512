"""What one sealed package costs: processor time from the packets in the ring to the folder on the disk, and its size.

Cameras send 1080p25 at 2 Mbit/s. A short stay lies within its clip, of a long one the first sight and the middle are
kept apart, a lorry is looked at several times a second. The recorder's whole way is timed, waiting for the disk only
by the wall clock. Where the looks are at key frames the confirming one is handed over as the worker does it: the model
saw it, so its decoding is the look's and not timed; every other picture is decoded by the recorder and timed.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.encode import CameraFormat, as_camera_sends
from benchmarks.errors import BenchmarkError
from benchmarks.material import Clip, load_clips
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, quantiles, say
from datasets.scenes.truth import TrueIncident
from detector.incident import Incident, IncidentState, TrackPoint
from evidence.context import CameraContext, RecorderContext
from evidence.moments.box import Box, Size, scaled
from evidence.package import SealedPackage
from evidence.recorder import Recorder, RecorderSettings
from evidence.signing import Ed25519Signer
from streams import nal
from streams.clock import SystemClock
from streams.container import open_video
from streams.demand import Demand
from streams.frame import Frame
from streams.packet import EncodedPacket
from streams.reader import CameraReader
from streams.ring import PacketRing
from streams.source import CameraSource

SECOND_NS = 1_000_000_000
SETTINGS = RecorderSettings()
PASS_S = 1.6
"""How long a lorry is watched before it is confirmed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A stay of `limit_s` in the clip `scene`, looked at every `look_s`; `at_keys`: only at key frames."""

    name: str
    scene: str
    limit_s: float
    look_s: float
    at_keys: bool = True


CASES = (
    Case("short_stay", "market-street", 15.0, 2.0),
    Case("long_stay", "market-street", 300.0, 4.0),
    Case("between_keys", "market-street", 15.0, 1.0, at_keys=False),
    Case("lorry", "haul-road", 0.0, 0.2, at_keys=False),
)
USUAL = frozenset({"short_stay", "long_stay"})
"""Cameras at rest are looked at by their key frames, and make nearly all incidents."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The ring of a case, filled beforehand, its incident with every look at it, and the picture of the last look."""

    ring: PacketRing
    camera: CameraContext
    incident: Incident
    looks: Sequence[TrackPoint]
    shown: Frame | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--packages", type=int, default=100, metavar="N", help="of each case (default: %(default)s)")
    parser.add_argument("--native", action="store_true", help="the clips as they are (default: 1080p25, 2 Mbit/s)")
    parser.add_argument("--encoded", type=Path, metavar="DIR", help="keep the encoded clips here for the next run")


def run(options: argparse.Namespace) -> Outcome:
    """Seal the cases in turn, so that what else the machine does touches all alike; then beside a loop that goes on."""
    with tempfile.TemporaryDirectory(prefix="streetwarden-sealing-") as name:
        folder = Path(name)
        clips = _clips(options, folder)
        scenes = [_scene(case, clips[case.scene]) for case in CASES]
        say(f"sealing: {options.packages} packages of each of {len(scenes)} cases")
        samples = list(_one_by_one(scenes, folder / "alone", options.packages))
        samples += list(_beside_a_loop(scenes[0], folder / "beside", options.packages))
    return Outcome(figures_of(samples), samples)


def _clips(options: argparse.Namespace, folder: Path) -> dict[str, Clip]:
    kept = options.encoded or folder
    kept.mkdir(parents=True, exist_ok=True)
    wanted = {case.scene for case in CASES}
    every = (*load_clips(None, "all-kinds.yaml"), *load_clips())
    found = {clip.name: clip for clip in every if clip.name in wanted}
    if wanted - found.keys():
        raise BenchmarkError(f"{', '.join(sorted(wanted - found.keys()))}: no such clip among the product's own")
    if options.native:
        return found
    encoded = {name: as_camera_sends(clip, CameraFormat(), kept) for name, clip in found.items()}
    return {name: replace(clip, truth=found[name].truth) for name, clip in encoded.items()}


def _scene(case: Case, clip: Clip) -> Scene:
    true = clip.incidents[0]
    rounds = 2 + int((case.limit_s + 2 * SETTINGS.post_roll_s) // clip.duration_s)
    ring = PacketRing(case.name, max_seconds=clip.duration_s * (rounds + 1), max_bytes=1 << 40)
    shown, size_wh = _fill(ring, clip, rounds)
    looks = list(_looks(case, clip, true, shown, size_wh))
    camera = CameraContext(case.name, "44010500001320000001")
    last_look = _looked_at(ring, looks[-1].pts_ns) if case.at_keys else None
    return Scene(ring, camera, _incident(case, true, looks, size_wh), looks, last_look)


def _looked_at(ring: PacketRing, pts_ns: int) -> Frame:
    """The key frame of that time as a camera's reader hands it to the model when a decision is due."""
    key = next(key for key in ring.keys_after(pts_ns - 1) if key[1].pts_ns == pts_ns)
    reading = PacketRing(ring.camera_id)
    reader = CameraReader(reading)
    reader.set_demand(Demand(1.0, 1.0, exact_from_ns=pts_ns))
    reader.accept(*key, arrival_ns=0)
    return reader.read(0, 1)[0]


def _fill(ring: PacketRing, clip: Clip, rounds: int) -> tuple[list[tuple[int, bool]], Size]:
    """Play the clip into the ring round after round, as RTSP carries it; every picture's time and whether it is a key
    frame, and their size.
    """
    begun_ns, shown = SystemClock().wall_ns(), []
    with open_video(CameraSource(clip.name, str(clip.path))) as video:
        packets = list(video.packets())
    stored = packets[0].parameters
    sets = nal.parameter_sets(stored.codec, stored.extradata)
    sent = replace(stored, extradata=nal.to_annex_b(sets))
    origin_ns = packets[0].pts_ns or 0
    for number in range(rounds):
        shift_ns = number * round(clip.duration_s * SECOND_NS) - origin_ns
        for packet in packets:
            pts_ns = (packet.pts_ns or 0) + shift_ns
            dts_ns = pts_ns if packet.dts_ns is None else packet.dts_ns + shift_ns
            times = (pts_ns, dts_ns, packet.duration_ns, begun_ns + pts_ns)
            data = nal.to_annex_b(nal.split(stored.codec, packet.data, stored.extradata))
            ring.append(sent, EncodedPacket(*times, packet.is_keyframe, data))
            shown.append((pts_ns, packet.is_keyframe))
    return shown, (sent.width, sent.height)


def _looks(
    case: Case, clip: Clip, true: TrueIncident, shown: Sequence[tuple[int, bool]], size_wh: Size
) -> Iterator[TrackPoint]:
    """When the tracker saw the violation, and where: the truth of the clip, every `look_s`, till the limit is over."""
    next_ns, limit_ns, first_ns = 0, round(case.limit_s * SECOND_NS), None
    for pts_ns, is_key in shown:
        box = _box(clip, true, pts_ns / SECOND_NS % clip.duration_s, size_wh)
        if box is None or pts_ns < next_ns or (case.at_keys and not is_key):
            continue
        first_ns = pts_ns if first_ns is None else first_ns
        next_ns = pts_ns + round(case.look_s * SECOND_NS)
        yield TrackPoint(pts_ns, box, 0.8)
        if pts_ns - first_ns >= (limit_ns or round(PASS_S * SECOND_NS)):
            return


def _box(clip: Clip, true: TrueIncident, at_s: float, size_wh: Size) -> Box | None:
    if not true.from_s <= at_s <= true.to_s:
        return None
    there = clip.truth.box_at(true.actor, at_s)
    return None if there is None else scaled(there.xyxy, (clip.truth.width, clip.truth.height), size_wh)


def _incident(case: Case, true: TrueIncident, looks: Sequence[TrackPoint], size_wh: Size) -> Incident:
    """The incident at its first look; `_watch` confirms it at the last."""
    return Incident(
        incident_id="",
        camera_id=case.name,
        zone_id="kerb",
        zone_version=1,
        zone_class="prohibited",
        zone_polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
        kind=true.kind,
        state=IncidentState.PENDING,
        track_id=1,
        class_name="car",
        limit_seconds=case.limit_s,
        started_pts_ns=looks[0].pts_ns,
        started_at_ns=SystemClock().wall_ns(),
        confirmed_pts_ns=None,
        confirmed_at_ns=None,
        ended_pts_ns=None,
        ended_at_ns=None,
        box_xyxy=looks[-1].xyxy,
        score=0.8,
        frame_size_wh=size_wh,
        positions=tuple(looks),
    )


def _one_by_one(scenes: Sequence[Scene], root: Path, packages: int) -> Iterator[Sample]:
    """Sealed in this thread, so that the processor time of the process is what the package cost."""
    sealed: list[SealedPackage] = []
    recorder = _recorder(root, sealed)
    for number in range(packages * len(scenes)):
        scene = scenes[number % len(scenes)]
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        _watch(recorder, scene, f"{number:032x}")
        cpu_s, wall_s = time.process_time() - begun_cpu_s, time.perf_counter() - begun_s
        recorder.release(scene.camera.camera_id)
        yield {
            "case": scene.camera.camera_id,
            "cpu_ms": round(cpu_s * 1000, 2),
            "wall_ms": round(wall_s * 1000, 2),
            **_taken_away(scene, sealed),
        }
    recorder.close()


def _beside_a_loop(scene: Scene, root: Path, packages: int) -> Iterator[Sample]:
    """Sealed by another thread: how long the loop's calls take, which is what the loop waits for the recorder."""
    sealed: list[SealedPackage] = []
    with ThreadPoolExecutor(1) as executor:
        recorder = _recorder(root, sealed, executor)
        for number in range(packages):
            yield {"case": "loop", "call_ms": round(_watch(recorder, scene, f"{number:032x}") * 1000, 3)}
            recorder.flush()
            _taken_away(scene, sealed)
        recorder.close()


def _recorder(root: Path, sealed: list[SealedPackage], executor: ThreadPoolExecutor | None = None) -> Recorder:
    context = RecorderContext("streetwarden benchmark", "street", "ab" * 32, "benchmark", {"score": 0.25})
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    return Recorder(root, signer, SystemClock(), context, on_sealed=sealed.append, executor=executor)


def _watch(recorder: Recorder, scene: Scene, incident_id: str) -> float:
    """One violation from its first look to the hand-over of its package; seconds of the longest call."""
    pending, longest_s = replace(scene.incident, incident_id=incident_id), 0.0
    last = scene.looks[-1]
    confirmed_at_ns = pending.started_at_ns + last.pts_ns - pending.started_pts_ns
    confirmed = replace(
        pending, state=IncidentState.CONFIRMED, confirmed_pts_ns=last.pts_ns, confirmed_at_ns=confirmed_at_ns
    )
    for look in scene.looks:
        changes = [pending] if look is scene.looks[0] else [confirmed] if look is last else []
        begun_s = time.perf_counter()
        shown = scene.shown if look is last else None
        recorder.observe(changes, scene.ring, look.pts_ns, scene.camera, shown)
        longest_s = max(longest_s, time.perf_counter() - begun_s)
    return longest_s


def _taken_away(scene: Scene, sealed: list[SealedPackage]) -> Sample:
    """How large the one package is; it makes room for the next."""
    if len(sealed) != 1:
        raise BenchmarkError(f"{scene.camera.camera_id}: sealed {len(sealed)} packages instead of one")
    path = sealed.pop().path
    sizes = [file.stat().st_size for file in path.rglob("*") if file.is_file()]
    shutil.rmtree(path)
    return {"mb": round(sum(sizes) / 1e6, 3), "files": len(sizes)}


def figures_of(samples: Sequence[Sample]) -> Figures:
    """Medians by case; of the usual cases, the worse one is the figure."""
    by_case = {case.name: _of_case([sample for sample in samples if sample["case"] == case.name]) for case in CASES}
    usual = [figures for name, figures in by_case.items() if name in USUAL]
    cpu_ms = max((figures["cpu_ms"] for figures in usual if figures["cpu_ms"] is not None), default=None)
    return {
        "cpu_ms": cpu_ms,
        "share_of_core": None if cpu_ms is None else round(cpu_ms / 1000, 4),
        "package_mb": max((sample["mb"] for sample in samples if "mb" in sample), default=None),
        "loop_call_ms": quantiles([sample["call_ms"] for sample in samples if "call_ms" in sample]),
        "by_case": by_case,
    }


def _of_case(samples: Sequence[Sample]) -> Figures:
    return {name: median([sample[name] for sample in samples]) for name in ("cpu_ms", "wall_ms", "mb", "files")}


BENCHMARK = Benchmark(
    name="sealing",
    about="processor time and size of a sealed package, and what the loop waits for it",
    run=run,
    add_options=add_options,
    smoke={"packages": 1, "native": True},
    gates=(Gate("cpu_ms", most=50, timed=True), Gate("package_mb", most=10)),
)
