"""Motion told from packet sizes: learnt for each camera, quick to notice, slow to be fooled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from streams.activity import PacketActivity, quiet_level
from streams.timeline import SECOND_NS

Size = Callable[[float], float]


class Sent:
    """A camera that sends packets of given sizes: a key frame every `gop_s`, P pictures between them."""

    def __init__(self, rate: float = 25.0, gop_s: float = 2.0, spread: float = 0.1) -> None:
        self.activity = PacketActivity()
        self.began_s: list[float] = []
        self._rate, self._gop, self._spread = rate, round(gop_s * rate), spread
        self._chance = np.random.default_rng(7)
        self._count = 0

    def send(self, seconds: float, size: Size | float) -> Sent:
        for _ in range(round(seconds * self._rate)):
            at_ns = round(self._count * SECOND_NS / self._rate)
            of = size(at_ns / SECOND_NS) if callable(size) else size
            is_keyframe = self._count % self._gop == 0
            noisy = 150_000 if is_keyframe else of * float(self._chance.lognormal(0, self._spread))
            if self.activity.take(at_ns, at_ns, round(noisy), is_keyframe=is_keyframe):
                self.began_s.append((self.activity.began_ns or 0) / SECOND_NS)
            self._count += 1
        return self


@pytest.mark.parametrize("rate", [3.0, 10.0, 25.0])
@pytest.mark.parametrize("quiet", [60.0, 2_000.0, 30_000.0])
def test_motion_is_noticed_whatever_a_camera_s_quiet_is(rate: float, quiet: float) -> None:
    camera = Sent(rate).send(30, quiet).send(4, quiet * 3).send(10, quiet)
    assert len(camera.began_s) == 1
    assert abs(camera.began_s[0] - 30) <= max(0.25, 2 / rate)
    assert not camera.activity.moving
    assert camera.activity.until_ns is not None
    assert 35.5 <= camera.activity.until_ns / SECOND_NS <= 37


@pytest.mark.parametrize("gop_s", [0.5, 1.0, 2.0, 10.0])
def test_key_frames_are_no_motion(gop_s: float) -> None:
    assert Sent(gop_s=gop_s).send(120, 2_000).began_s == []


def test_a_pattern_along_the_group_of_pictures_is_no_motion() -> None:
    assert Sent().send(120, lambda at_s: 300 + 2_000 * (at_s % 2.0)).began_s == []


def test_dusk_is_no_motion_and_motion_at_night_is_seen() -> None:
    camera = Sent().send(60, 8_000).send(600, lambda at_s: 8_000 * 0.9977 ** (at_s - 60)).send(60, 2_000)
    assert camera.began_s == []
    assert len(camera.send(4, 5_000).began_s) == 1


def test_what_the_pictures_deny_becomes_the_quiet_level() -> None:
    camera = Sent().send(60, 2_000).send(4, 8_000)
    assert camera.activity.moving
    camera.activity.deny()
    camera.send(60, 8_000)
    assert not camera.activity.moving
    assert len(camera.began_s) == 1
    camera.send(4, 30_000)
    assert len(camera.began_s) == 2


def test_what_was_missed_makes_it_quicker_within_bounds() -> None:
    wary, plain = Sent(spread=0.02).send(60, 2_000), Sent(spread=0.02).send(60, 2_000)
    for _ in range(50):
        wary.activity.missed()
    assert len(wary.send(4, 2_350).began_s) == 1
    assert plain.send(4, 2_350).began_s == []
    assert wary.send(60, 1_800).activity.moving is False


def test_a_street_that_is_busy_two_thirds_of_the_time_still_has_a_quiet() -> None:
    camera = Sent().send(300, lambda at_s: 2_000 if at_s % 30 < 12 else 9_000)
    assert 9 <= len(camera.began_s) <= 11
    assert 0.4 < camera.activity.moving_ns / camera.activity.watched_ns < 0.8


def test_an_interruption_ends_motion_and_keeps_what_was_learnt() -> None:
    camera = Sent().send(60, 2_000).send(2, 9_000)
    camera.activity.interrupt()
    assert not camera.activity.moving
    assert camera.activity.quiet is not None


def test_quiet_is_read_below_the_motion() -> None:
    level = quiet_level([10.0, 10.1, 10.2, 14.0, 14.5, 15.0])
    assert 10.0 <= level.top <= 10.2
    assert 0.3 <= level.rise <= 1.0
