"""What the judges saw on its way to the disk and back: nothing is lost, and a crash costs the last block at most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from detector.incident import Incident
from detector.replay import Case, case_of
from detector.seen import Began, Seen, rounded, rounded_scores
from detector.tracking.track import TrackView
from streams.clock import SimulatedClock
from streetwarden.track_codec import CodecError, decode, encode
from streetwarden.track_files import BEGAN as BEGAN_BLOCK
from streetwarden.track_files import FOUND, LOOKS, TrackArchive, compact, hour_file, hour_of, whole_blocks
from streetwarden.track_store import TrackStore, prune
from tests.streetwarden.test_live_incidents import ENDED, PENDING

S = 1_000_000_000
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOON_NS = round(NOON.timestamp()) * S
BEGAN = Began(resumed=False, classes=("car", "truck"), active_s=4.0, rest_s=5.0)


def look(seconds: float, rng: np.random.Generator, tracks: int = 4) -> Seen:
    """A look with every field in use somewhere."""
    pts_ns = round(seconds * S) + 333
    views = []
    for number in range(tracks):
        left, top = number * 100 + rng.normal(), 50 + rng.normal()
        box = (left, top, left + 80.0, top + 40.0)
        seen, still = bool(rng.random() < 0.7), number % 2 == 0
        view = TrackView(
            *(number * 3 + 1, ("car", "truck")[number % 2], seen, bool(rng.random() < 0.5)),
            *(17, pts_ns if seen else pts_ns - 4 * S, pts_ns - int(rng.integers(0, 2)) * S, box),
            *(float(rng.random()), float(rng.random())),
            still_since_pts_ns=1000 if still else None,
            still_xyxy=box if still else None,
            left_pts_ns=pts_ns - S if number == 3 else None,
        )
        views.append(view)
    crops = rounded_scores({1: {"covered": 0.2, "uncovered": 0.8}}) if round(seconds) % 3 == 0 else {}
    return Seen(pts_ns, NOON_NS + pts_ns, (640, 360), tracks=rounded(views), crop_scores=crops)


def story(count: int, step: float = 4.0) -> list[Seen]:
    rng = np.random.default_rng(5)
    looks = [look(index * step, rng, tracks=index % 5) for index in range(count)]
    looks[2] = Seen(looks[2].pts_ns, looks[2].captured_at_ns, (640, 360), is_fit=False, since_pts_ns=looks[1].pts_ns)
    return looks


def read(folder: Path, camera_id: str = "north") -> list[Began | Seen | Case]:
    archive = TrackArchive(folder)
    hours = archive.hours(camera_id, NOON - timedelta(days=30), NOON + timedelta(days=30))
    return [part for index, path in enumerate(hours) for part in archive.story(path, is_first=index == 0)]


def store(folder: Path, **options: float) -> TrackStore:
    told = {"days": 7.0, "max_bytes": 1 << 30, **options}
    return TrackStore(folder, SimulatedClock(NOON_NS), **told)  # type: ignore[arg-type]


def write(folder: Path, looks: list[Seen], began: Began = BEGAN, found: list[Incident] | None = None) -> TrackStore:
    with store(folder) as tracks:
        for index, one in enumerate(looks):
            last = index == len(looks) - 1
            assert tracks.put("north", one, found or [] if last else [], began if index == 0 else None)
    return tracks


@pytest.mark.parametrize("count", [3, 40])
def test_looks_come_back_as_they_were(count: int) -> None:
    assert decode(encode(story(count))) == story(count)


def test_a_look_without_tracks_and_no_looks_at_all_come_back() -> None:
    empty = Seen(5, 7, (640, 360))
    assert decode(encode([empty])) == [empty]
    assert decode(encode([])) == []


def test_every_field_of_a_track_is_in_use_in_these_tests() -> None:
    views = [view for one in story(12) for view in one.tracks]
    for field in fields(TrackView):
        assert len({getattr(view, field.name) for view in views}) > 1 or field.name == "first_seen_pts_ns"


@pytest.mark.parametrize("data", [b"", b"nothing", encode(story(3))[:-9]], ids=["empty", "other", "cut"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data)


def test_a_day_of_looks_takes_a_few_megabytes() -> None:
    """Ten things in every picture, a look every 4 s, blocks of a minute."""
    rng = np.random.default_rng(6)
    looks = [look(index * 4.0, rng, tracks=10) for index in range(15)]
    assert len(encode(looks)) * 24 * 60 < 5_000_000


def test_the_store_gives_back_the_story_with_what_was_found(tmp_path: Path) -> None:
    looks = story(20)
    tracks = write(tmp_path, looks, found=[PENDING, ENDED])
    assert read(tmp_path) == [BEGAN, case_of(ENDED), *looks]
    assert tracks.dropped == 0


def test_a_watch_goes_on_over_the_hour_without_beginning_again(tmp_path: Path) -> None:
    looks = [replace(one, captured_at_ns=one.captured_at_ns + 3590 * S) for one in story(10)]
    write(tmp_path, looks)
    assert len(list((tmp_path / "north").iterdir())) == 2
    assert read(tmp_path) == [BEGAN, *looks]


def test_a_finished_hour_is_put_together_and_holds_the_same(tmp_path: Path) -> None:
    looks = story(40)
    write(tmp_path, looks[:20], found=[ENDED])
    write(tmp_path, looks[20:], began=replace(BEGAN, resumed=True))
    path, before = hour_file(tmp_path, "north", NOON), read(tmp_path)
    with path.open("ab") as file:
        file.write(b"L torn")
    compact(path)
    assert read(tmp_path) == before
    assert [kind for kind, _, _ in whole_blocks(path.read_bytes())] == [BEGAN_BLOCK, FOUND, LOOKS, BEGAN_BLOCK, LOOKS]
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_an_hour_read_alone_says_how_its_watch_began(tmp_path: Path) -> None:
    looks = [replace(one, captured_at_ns=one.captured_at_ns + 3590 * S) for one in story(10)]
    write(tmp_path, looks, began=replace(BEGAN, resumed=True))
    hour_file(tmp_path, "north", NOON).unlink()
    first, *rest = read(tmp_path)
    assert first == BEGAN
    assert rest == [one for one in looks if hour_of(one.captured_at_ns) > NOON]


def torn(whole: bytes) -> Iterator[tuple[int, int]]:
    """Places to tear a file at, and how many whole blocks are then left."""
    ends = [end for _, _, end in whole_blocks(whole)]
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        yield place, sum(end <= place for end in ends)


def test_a_torn_file_gives_its_whole_blocks_and_is_written_on(tmp_path: Path) -> None:
    looks = story(6)
    write(tmp_path, looks)
    write(tmp_path, looks, began=replace(BEGAN, resumed=True))
    path = hour_file(tmp_path, "north", NOON)
    whole, resumed = path.read_bytes(), replace(BEGAN, resumed=True)
    full = [BEGAN, *looks, resumed, *looks]
    for place, blocks in torn(whole):
        path.write_bytes(whole[:place])
        left = [[], [BEGAN], [BEGAN, *looks], [BEGAN, *looks, resumed], full][blocks]
        assert read(tmp_path) == left
        write(tmp_path, looks, began=resumed)
        assert read(tmp_path) == [*left, resumed, *looks]


def test_a_turned_bit_ends_the_file_there(tmp_path: Path) -> None:
    write(tmp_path, story(6))
    path = hour_file(tmp_path, "north", NOON)
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    assert read(tmp_path) == [BEGAN]


def test_old_hours_go_and_then_the_oldest_of_all_cameras(tmp_path: Path) -> None:
    for camera in ("north", "south"):
        (tmp_path / camera).mkdir()
        for hour in range(5):
            hour_file(tmp_path, camera, NOON + timedelta(hours=hour)).write_bytes(b"x" * 100)
    prune(tmp_path, NOON + timedelta(hours=2), max_bytes=450)
    left = sorted(path.name for path in tmp_path.rglob("*.tracks"))
    assert left == [f"2026-11-20T{hour}.tracks" for hour in (14, 15, 15, 16, 16)][1:]


def test_a_full_disk_costs_looks_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "north").write_text("a file where the folder should be")
    tracks = write(tmp_path, story(6))
    assert tracks.dropped == 6


def test_a_full_queue_drops_looks_counts_them_and_asks_for_the_beginning_again(tmp_path: Path) -> None:
    tracks = store(tmp_path)
    one = story(3)[0]
    answers = {tracks.put("north", one, [], BEGAN) for _ in range(5000)}
    assert answers == {True, False}
    assert tracks.dropped == 5000 - 4096


def test_looks_before_a_beginning_are_counted_as_lost(tmp_path: Path) -> None:
    with store(tmp_path) as tracks:
        tracks.put("north", story(3)[0], [], None)
    assert tracks.dropped == 1
    assert read(tmp_path) == []
