"""The demo's committed clips are what their truth says."""

from __future__ import annotations

from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import yaml

from datasets.scenes import cameras_file
from datasets.scenes.demo import demo_clips
from datasets.scenes.generated import shown_clips
from datasets.scenes.spec import CLASSES, ClipSpec
from datasets.scenes.truth import Truth, spec_json

FOLDER = Path(cameras_file.__file__).parents[1] / "clips"
CLIPS = demo_clips()
FURTHER = shown_clips()
each_further = pytest.mark.parametrize("clip", [clip for _, clip in FURTHER], ids=lambda clip: clip.name)
each_clip = pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)


@cache
def truth_of(name: str) -> Truth:
    return Truth.read(FOLDER / f"{name}.json")


@cache
def key_frames(name: str) -> tuple[tuple[float, npt.NDArray[np.uint8]], ...]:
    with av.open(str(FOLDER / f"{name}.mp4")) as source:
        source.streams.video[0].codec_context.skip_frame = "NONKEY"
        pictures = [(float(frame.time or 0.0), frame.to_ndarray(format="bgr24")) for frame in source.decode(video=0)]
    return tuple((time, np.asarray(picture, np.uint8)) for time, picture in pictures)


@each_clip
def test_the_clip_is_small_and_made_as_a_camera_would(clip: ClipSpec) -> None:
    path = FOLDER / f"{clip.name}.mp4"
    assert path.stat().st_size < 3_000_000
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.size]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert all(packet.pts == packet.dts for packet in packets)  # no B-frames
        assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == list(range(0, clip.frames, clip.gop))
    assert len(packets) == clip.frames == len(truth_of(clip.name).frames)
    assert 40 <= clip.duration_s <= 60
    assert 1.0 <= clip.gop / clip.fps <= 2.0


@each_clip
def test_the_truth_was_made_from_todays_spec(clip: ClipSpec) -> None:
    document = truth_of(clip.name).to_json()
    assert yaml.safe_load(yaml.safe_dump(document["spec"])) == _plain(spec_json(clip))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


@each_further
def test_a_clip_of_another_kind_is_small_and_made_from_todays_spec(clip: ClipSpec) -> None:
    path = FOLDER / f"{clip.name}.mp4"
    assert path.stat().st_size < 1_500_000
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.size]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 640, 360)
        assert all(packet.pts == packet.dts for packet in packets)
        assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == list(range(0, clip.frames, clip.gop))
    truth = truth_of(clip.name)
    assert len(packets) == clip.frames == len(truth.frames)
    assert yaml.safe_load(yaml.safe_dump(truth.to_json()["spec"])) == _plain(spec_json(clip))


def test_there_is_one_further_clip_for_each_kind_but_parking_with_something_to_find() -> None:
    assert sorted(kind for kind, _ in FURTHER) == ["exposed_garbage", "street_vending", "uncovered_muck_truck"]
    for kind, clip in FURTHER:
        assert {incident.kind for incident in truth_of(clip.name).incidents} == {kind}


@each_further
def test_key_frames_of_another_kind_show_what_is_there(clip: ClipSpec) -> None:
    """In the middle of an incident the picture differs, where its actor is, from a picture without it."""
    truth, pictures = truth_of(clip.name), key_frames(clip.name)
    for incident in truth.incidents:
        middle = (incident.from_s + incident.to_s) / 2
        time, there = min(pictures, key=lambda one: abs(one[0] - middle))
        box = truth.box_at(incident.actor, time)
        assert box is not None
        x1, y1, x2, y2 = (int(v) for v in box.xyxy)
        away = [p for t, p in pictures if truth.box_at(incident.actor, t) is None]
        gone = np.median([p[y1:y2, x1:x2] for p in away], axis=0)
        assert np.abs(there[y1:y2, x1:x2].astype(int) - gone).mean() > 8


@each_clip
def test_true_boxes_lie_inside_the_picture(clip: ClipSpec) -> None:
    truth = truth_of(clip.name)
    for frame in truth.frames:
        for box in frame:
            x1, y1, x2, y2 = box.xyxy
            assert 0 <= x1 < x2 <= truth.width
            assert 0 <= y1 < y2 <= truth.height
            assert 0 <= box.visible <= 1
            assert box.label in CLASSES


def gop(name: str, at_s: float, count: int) -> list[npt.NDArray[np.int64]]:
    """`count` pictures in grey from the key frame at `at_s`."""
    with av.open(str(FOLDER / f"{name}.mp4")) as source:
        stream = source.streams.video[0]
        assert stream.time_base is not None
        source.seek(round(at_s / stream.time_base), stream=stream)
        pictures = islice(source.decode(stream), count)
        return [picture.to_ndarray(format="gray").astype(np.int64) for picture in pictures]


@each_clip
def test_the_last_picture_runs_into_the_first(clip: ClipSpec) -> None:
    start, end = gop(clip.name, 0.0, clip.gop + 1), gop(clip.name, clip.duration_s - clip.gop / clip.fps, clip.gop)
    assert len(end) == clip.gop
    # The seam may show no more than what moves beside it, or than a key frame refreshes elsewhere in the clip.
    steps = [np.abs(one - two).mean() for part in (start, end) for one, two in pairwise(part)]
    assert np.abs(start[0] - end[-1]).mean() <= max(steps) + 0.5


@each_clip
def test_the_violation_stands_still_where_and_while_the_truth_says(clip: ClipSpec) -> None:
    truth = truth_of(clip.name)
    for incident in truth.incidents:
        assert 3.0 <= incident.from_s <= 6.0
        assert incident.to_s - incident.from_s >= 30.0
        assert incident.to_s < clip.duration_s
        inside = range(int(incident.from_s * clip.fps) + 1, int(incident.to_s * clip.fps))
        boxes = [box.xyxy for n in inside for box in truth.frames[n] if box.actor == incident.actor]
        assert len(boxes) == len(inside)
        assert np.ptp(np.array(boxes), axis=0).max() < 3.0


def test_three_cameras_see_a_violation_and_one_sees_none() -> None:
    assert sorted(len(truth_of(clip.name).incidents) for clip in CLIPS) == [0, 1, 1, 1]


def test_the_legal_stop_is_shorter_than_the_limit() -> None:
    [clip] = [clip for clip in CLIPS if not clip.stays]
    frames = truth_of(clip.name).frames
    taxi = [box.xyxy for frame in frames for box in frame if box.actor == "taxi"]
    moved = np.abs(np.diff(np.array(taxi), axis=0)).max(1)
    still = int((moved < 0.2).sum())
    assert 4.5 <= still / clip.fps <= 6.5 < cameras_file.DWELL_S


def test_the_cameras_file_of_all_kinds_is_todays_and_names_the_clips() -> None:
    written = yaml.safe_load((FOLDER / "all-kinds.yaml").read_text("utf-8"))
    assert written == yaml.safe_load(yaml.safe_dump(cameras_file.all_kinds(CLIPS, FURTHER)))
    assert all((FOLDER / camera["url"]).is_file() for camera in written["cameras"])
    kinds = {rule["kind"] for camera in written["cameras"] for zone in camera["zones"] for rule in zone["rules"]}
    assert len(kinds) == 4


def test_the_cameras_file_is_todays_and_names_the_clips() -> None:
    written = yaml.safe_load((FOLDER / "demo.yaml").read_text("utf-8"))
    assert written == yaml.safe_load(yaml.safe_dump(cameras_file.cameras(CLIPS)))
    assert all((FOLDER / camera["url"]).is_file() for camera in written["cameras"])


@each_clip
def test_the_parked_vehicle_stands_in_its_zone(clip: ClipSpec) -> None:
    polygon = np.array(cameras_file.cameras([clip])["cameras"][0]["zones"][0]["polygon"])
    for incident in truth_of(clip.name).incidents:
        x1, _, x2, y2 = incident.xyxy
        foot = np.array([(x1 + x2) / 2 / 1280, (y2 - 0.12 * (y2 - incident.xyxy[1])) / 720])
        edges = np.roll(polygon, -1, axis=0) - polygon
        turns = edges[:, 0] * (foot - polygon)[:, 1] - edges[:, 1] * (foot - polygon)[:, 0]
        assert (turns > 0).all() or (turns < 0).all()


@each_clip
def test_key_frames_show_the_violation(clip: ClipSpec) -> None:
    """Where the truth says a vehicle stands, the picture differs from the same street without it."""
    pictures = key_frames(clip.name)
    for incident in truth_of(clip.name).incidents:
        x1, y1, x2, y2 = (int(v) for v in incident.xyxy)
        empty = pictures[0][1][y1:y2, x1:x2].astype(int)
        standing = [p for t, p in pictures if incident.from_s + 0.5 < t < incident.to_s]
        assert len(standing) > 15
        assert all(np.abs(p[y1:y2, x1:x2] - empty).mean() > 15 for p in standing)
