"""Clips keep to their bounds, and the first sights of many incidents to theirs."""

from __future__ import annotations

from evidence.clip import gaps_of, shorten, shows, until
from evidence.first_sights import FirstSights
from streams.packet import RecordedSpan
from streams.ring import PacketRing
from tests.evidence.recording import SECOND_NS


def span_of(ring: PacketRing, first_s: int, last_s: int) -> RecordedSpan:
    span = ring.span(first_s * SECOND_NS, last_s * SECOND_NS)
    assert span is not None
    return span


def test_a_clip_within_its_bound_stays_whole(ring: PacketRing) -> None:
    span = span_of(ring, 0, 10)
    assert shorten(span, 5 * SECOND_NS, span.size_bytes) == span


def test_a_clip_loses_its_oldest_gops_first(ring: PacketRing) -> None:
    span = span_of(ring, 0, 10)
    short = shorten(span, 5 * SECOND_NS, span.size_bytes - 1)
    assert short.packets[0].is_keyframe
    assert short.start_pts_ns == 1 * SECOND_NS
    assert short.end_pts_ns == span.end_pts_ns


def test_the_moment_stays_even_in_a_bound_that_is_too_small(ring: PacketRing) -> None:
    moment = 5 * SECOND_NS + SECOND_NS // 5 * 2
    short = shorten(span_of(ring, 0, 10), moment, 1)
    assert short.start_pts_ns == 5 * SECOND_NS
    assert shows(short, moment)
    assert short == until(short, moment)


def test_a_stretch_without_pictures_is_a_gap(ring: PacketRing) -> None:
    span = span_of(ring, 0, 10)
    kept = tuple(packet for packet in span.packets if not 3 * SECOND_NS <= packet.pts_ns < 6 * SECOND_NS)
    holed = RecordedSpan(span.camera_id, span.parameters, kept)
    assert gaps_of(span, 2 * SECOND_NS) == []
    assert gaps_of(holed, 2 * SECOND_NS) == [(3 * SECOND_NS - SECOND_NS // 5, 6 * SECOND_NS)]


def test_first_sights_count_shared_packets_once_and_let_them_go(ring: PacketRing) -> None:
    one, two = span_of(ring, 0, 0), span_of(ring, 3, 3)
    longer = ring.gop_at(3 * SECOND_NS + SECOND_NS // 2)
    assert longer is not None
    kept = FirstSights(one.size_bytes + longer.size_bytes)
    assert kept.keep("a", one)
    assert kept.keep("b", two)
    assert kept.keep("c", longer)
    assert kept.size_bytes == one.size_bytes + longer.size_bytes
    assert not kept.keep("d", span_of(ring, 6, 6))
    assert kept.refused == 1
    assert kept.take("b") == longer
    assert kept.size_bytes == one.size_bytes + longer.size_bytes
    assert kept.take("c") == longer
    assert kept.take("a") == one
    assert kept.take("a") is None
    assert (kept.size_bytes, len(kept)) == (0, 0)
