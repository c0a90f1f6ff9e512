"""The confirming picture that the model saw is shown without decoding it again, when it is the same to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evidence.moments.pictures import Pictures
from evidence.package import SealedPackage
from evidence.recorder import RecorderSettings
from streams.demand import Demand
from streams.frame import Frame
from streams.packet import RecordedSpan
from streams.reader import CameraReader
from streams.ring import PacketRing
from tests.evidence.recording import CAMERA, SECOND_NS, SHORT, filled_ring, incident, recorder
from tests.streams.clips import make_clip

CONFIRMED_NS = 6 * SECOND_NS


@pytest.fixture(scope="module", params=["libx264", "libx265"])
def ring(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PacketRing:
    """Edges of blocks are smoothed in these clips, so that what leaves it out is another picture."""
    return filled_ring(
        make_clip(tmp_path_factory.mktemp("clip") / "street.mp4", 75, codec=request.param, smoothed=True)
    )


def looked_at(ring: PacketRing, exact_from_ns: int | None) -> Frame:
    """The key frame of the confirmation as a camera's reader hands it to the model."""
    reader = CameraReader(PacketRing(ring.camera_id))
    reader.set_demand(Demand(1.0, 1.0, exact_from_ns=exact_from_ns))
    parameters, packet = next(key for key in ring.keys_after(CONFIRMED_NS - 1))
    assert packet.pts_ns == CONFIRMED_NS
    reader.accept(parameters, packet, arrival_ns=0)
    return reader.read(0, 1)[0]


def span_of(ring: PacketRing) -> RecordedSpan:
    span = ring.gop_at(CONFIRMED_NS)
    assert span is not None
    return span


def test_a_look_when_a_decision_is_due_is_what_its_packet_decodes_to(ring: PacketRing) -> None:
    exact, rough = looked_at(ring, CONFIRMED_NS), looked_at(ring, CONFIRMED_NS + 1)
    decoded = Pictures().at(span_of(ring), [CONFIRMED_NS])[CONFIRMED_NS]
    assert exact.is_exact
    assert np.array_equal(exact.image, decoded.image)
    assert not rough.is_exact
    assert not np.array_equal(rough.image, decoded.image)


def test_only_an_exact_key_frame_of_the_record_stands_for_its_packet(ring: PacketRing) -> None:
    span, exact = span_of(ring), looked_at(ring, CONFIRMED_NS)
    strange = [
        looked_at(ring, None),
        replace(exact, camera_id="another"),
        replace(exact, pts_ns=CONFIRMED_NS + 1),
    ]
    assert Pictures(exact).at(span, [CONFIRMED_NS])[CONFIRMED_NS] is exact
    for frame in strange:
        assert Pictures(frame).at(span, [CONFIRMED_NS])[CONFIRMED_NS] is not frame


def sealed(root: Path, ring: PacketRing, shown: Frame | None, settings: RecorderSettings = SHORT) -> bytes:
    """The confirming still of a package that was sealed with that picture at hand."""
    packages: list[SealedPackage] = []
    made = recorder(root, on_sealed=packages.append, settings=settings)
    made.observe([incident()], ring, CONFIRMED_NS, CAMERA, shown)
    made.flush()
    made.close()
    return (packages[0].path / "data/stills/panorama_confirmed.jpg").read_bytes()


def test_a_package_is_the_same_whoever_decoded_and_a_full_store_decodes_again(ring: PacketRing, tmp_path: Path) -> None:
    exact = looked_at(ring, CONFIRMED_NS)
    marked = replace(exact, image=255 - exact.image)
    decoded = sealed(tmp_path / "decoded", ring, None)
    assert sealed(tmp_path / "shown", ring, exact) == decoded
    assert sealed(tmp_path / "marked", ring, marked) != decoded
    full = replace(SHORT, max_shown_bytes=marked.image.nbytes - 1)
    assert sealed(tmp_path / "full", ring, marked, full) == decoded
