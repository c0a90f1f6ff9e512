"""A share copy hides people and other vehicles in every picture, and all of it when nobody looked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evidence.derivatives.hiding import Detect, HidingPlan, HidingRules, Seen, pixelated
from evidence.derivatives.make import Wishes, derive
from evidence.derivatives.share import Sharing, known_box
from evidence.derivatives.source import SealedSource
from evidence.derivatives.video import pictures_of
from evidence.moments.box import Box
from streams.frame import Image

CLIPS = Path(__file__).resolve().parents[3] / "datasets" / "clips"
TRUTH: dict[str, Any] = json.loads((CLIPS / "market-street.json").read_bytes())
SIZE_WH = (1280, 720)


def truth_at(source: SealedSource, at_s: float) -> list[tuple[str, Box]]:
    """What is visible in the clip's picture of that time: actor and box."""
    index = round((source.clip.start_pts_ns / 1e9 + at_s) * TRUTH["fps"])
    return [(row[0], tuple(row[1:5])) for row in TRUTH["frames"][index] if row[5] > 0.3]


def seeing(source: SealedSource, blind_from_s: float = 99.0, blind_for_s: float = 0.0) -> Detect:
    """A detector that knows the truth, but for the walker in a stretch; it is asked once each 0.24 s of the clip."""
    looks = iter(np.arange(0, 99, 0.24))

    def detect(_image: Image) -> Sequence[Seen]:
        at_s = float(next(looks))
        blind = blind_from_s <= at_s < blind_from_s + blind_for_s
        found = truth_at(source, at_s)
        return [Seen(TRUTH["actors"][name], box) for name, box in found if not (blind and name == "walker")]

    return detect


def deviation(image: Image, box: Box, cell: int) -> float:
    """The greatest deviation within the cells that the box touches, each without its edge, which encoding smears."""
    columns = range(int(box[0] // cell), int(box[2] // cell) + 1)
    rows = range(int(box[1] // cell), int(box[3] // cell) + 1)
    parts = [
        image[r * cell + 4 : r * cell + cell - 4, c * cell + 4 : c * cell + cell - 4] for r in rows for c in columns
    ]
    return max((float(part.std(axis=(0, 1)).max()) for part in parts if part.size), default=0.0)


@pytest.fixture(scope="module")
def shared(market: SealedSource) -> bytes:
    return Sharing(market, seeing(market, 2.0, 0.6), HidingRules()).clip(market.clip)


def test_a_walker_is_hidden_in_every_picture_also_while_the_detector_misses_it(
    market: SealedSource, shared: bytes
) -> None:
    seen = 0
    for before, after in zip(pictures_of(market.read(market.clip)), pictures_of(shared), strict=True):
        assert after.at_s == pytest.approx(before.at_s, abs=1e-3)
        for name, box in truth_at(market, before.at_s):
            if name == "walker":
                seen += 1
                assert deviation(after.image, box, 32) < 8
                assert deviation(before.image, box, 32) > 10
    assert seen > 50


def test_the_subject_stays_as_it_was(market: SealedSource, shared: bytes) -> None:
    pairs = list(zip(pictures_of(market.read(market.clip)), pictures_of(shared), strict=True))
    left, top, right, bottom = (round(side) for side in market.manifest.subject.box_xyxy)
    clear = [
        np.abs(
            after.image[top + 40 : bottom, left:right].astype(int) - before.image[top + 40 : bottom, left:right]
        ).mean()
        for before, after in pairs
    ]
    assert float(np.median(clear)) < 5


@pytest.mark.parametrize("every", [1, 3])
def test_a_detector_that_raises_shows_nothing(market: SealedSource, every: int) -> None:
    plan, calls = plan_of(lambda _: None), []

    def failing(_image: Image) -> Sequence[Seen]:
        calls.append(1)
        if len(calls) % every == 0:
            raise RuntimeError("out of memory")
        return []

    for index in range(60):
        plan.look(index * 0.08, np.full((720, 1280, 3), 90, np.uint8), failing)
    hidden = [plan.cells_at(index * 0.08) for index in range(60)]
    failed = [look.at_s for look in plan.looks if look.seen is None]
    assert failed
    for index, cells in enumerate(hidden):
        if every == 1 or any(abs(index * 0.08 - at_s) < 0.1 for at_s in failed):
            assert cells.all()


def plan_of(subject_at: Callable[[float], Box | None]) -> HidingPlan:
    return HidingPlan(SIZE_WH, HidingRules(), subject_at)


def test_what_nobody_recognises_is_hidden_while_it_moves() -> None:
    plan = plan_of(lambda _: None)
    for index in range(20):
        image = np.full((720, 1280, 3), 90, np.uint8)
        image[300:420, 100 + 20 * index : 150 + 20 * index] = 220
        plan.look(index * 0.08, image, lambda _: [])
    for index in range(2, 20):
        cells, left = plan.cells_at(index * 0.08), 100 + 20 * index
        assert cells[300 // 32 : 419 // 32 + 1, left // 32 : (left + 49) // 32 + 1].all()
        assert not cells[:, 30:].any()


def test_another_vehicle_loses_its_lower_part_and_the_subject_keeps_it() -> None:
    subject: Box = (100.0, 100.0, 420.0, 260.0)
    plan = plan_of(lambda _: subject)
    seen = [
        Seen("car", subject),
        Seen("car", (640.0, 100.0, 960.0, 260.0)),
        Seen("person", (200.0, 120.0, 230.0, 200.0)),
    ]
    plan.look(0.0, np.zeros((720, 1280, 3), np.uint8), lambda _: seen)
    cells = plan.cells_at(0.0)
    assert cells[6:8, 20:30].all()
    assert not cells[3, 20:30].any()
    assert cells[4:6, 6:7].all()
    assert not cells[4:8, 9:13].any()


def test_what_is_hidden_cannot_be_told_from_its_cell() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (70, 100, 3), dtype=np.uint8)
    hidden = np.zeros((3, 4), bool)
    hidden[1, 1] = True
    image = pixelated(noise, hidden, 32)
    assert (image[32:64, 32:64] == image[32, 32]).all()
    assert (image[:32] == noise[:32]).all()


def test_the_subject_is_known_between_its_looks_and_not_long_after(market: SealedSource) -> None:
    assert known_box(market.manifest, 9_500_000_000) == pytest.approx(market.manifest.subject.box_xyxy)
    assert known_box(market.manifest, 40_000_000_000) is None


def test_a_share_copy_without_a_detector_is_refused(market: SealedSource) -> None:
    with pytest.raises(Exception, match="needs a detector"):
        next(derive(market, "share", Wishes()))


def test_h265_gets_a_copy_that_browsers_play_and_h264_needs_none(hevc: SealedSource, source: SealedSource) -> None:
    (made,) = derive(hevc, "h264", Wishes())
    assert made.parents == (hevc.clip,)
    assert "x264" in made.tool
    times = [picture.at_s for picture in pictures_of(hevc.read(hevc.clip))]
    wanted = [time - times[0] for time in times]
    assert [picture.at_s for picture in pictures_of(made.data)] == pytest.approx(wanted, abs=1e-3)
    assert list(derive(source, "h264", Wishes())) == []
    assert next(derive(hevc, "h264", Wishes())).data == made.data
